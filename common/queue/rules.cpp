// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/queue/rules.h"

namespace mediaferry::queue {

using compare::Action;
using compare::Match;

namespace {

bool is_about(Action action, Match match) {
    if (match == Match::only_local) return action == Action::push;
    if (match == Match::only_archive) return action != Action::push;
    return action != Action::none;
}

Step skip(std::string code, std::string text) { return {Do::skip, {std::move(code), std::move(text)}}; }

Step trash_step(const compare::Judged& file, bool only_copy) {
    if (file.archive && file.archive->ours) return {Do::skip, relied_upon()};
    if (file.match == Match::differs) return skip("queue.differs", "the file here is another one; what lies on the NAS may be its only copy");
    if (file.match == Match::only_archive && !only_copy)
        return skip("queue.not_here", "it is not here: what lies on the NAS may be the only copy (--even-only-copy)");
    return {Do::trash, {}};
}

}  // namespace

Reason relied_upon() {
    return {"queue.archived", "mediaferry archived this photo; its copy on the NAS is what deletions from iCloud rely on and stays"};
}

std::optional<Step> step_for(Action action, const compare::Judged& file, bool only_copy) {
    if (!is_about(action, file.match)) return std::nullopt;
    if (file.left_out)
        return skip("queue.left_out", "files of the class " + std::string(file.file_class) + " are left out (--include-" +
                                          std::string(file.file_class) + " takes them)");
    if (file.match == Match::unknown) return skip("queue.unreadable", "one side cannot be read, or is a link or a device");
    if (action == Action::trash) return trash_step(file, only_copy);
    switch (file.match) {
        case Match::same: return skip("queue.there", "is there already, with the same content");
        case Match::presumed: return skip("queue.there", "is there already, of the same size and time");
        case Match::differs: return skip("queue.differs", "another file lies there under this name; nothing is overwritten");
        default: return Step{Do::copy, {}};
    }
}

}  // namespace mediaferry::queue
