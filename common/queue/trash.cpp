// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/queue/trash.h"

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/evidence.h"
#include "common/queue/rules.h"

namespace mediaferry::queue {

fs::path lock_file(const fs::path& state_directory) { return state_directory / "queue.lock"; }

bool Trash::counts_as_copy(const fs::path& path) const { return !media_db::Evidence(db_).at_path(Place::nas, path).empty(); }

/// Through the descriptor of the archive; the folder it came to is durable before the one it left.
void Trash::rename(const fs::path& from, const fs::path& to) {
    const auto& tree = archive_.tree();
    tree.make_directories(to.parent_path());
    MF_AROUND("queue.trash.rename", tree.rename_new(from, to));
    tree.sync_directory(to.parent_path());
    tree.sync_directory(from.parent_path());
}

std::optional<Reason> Trash::take(const fs::path& path, const Sha256& sha256, Bytes size, Timestamp now) {
    archive_.check();
    if (counts_as_copy(path)) return relied_upon();
    const auto wanted = fs::path(folder_) / to_compact(now) / path;
    media_db::Queue queue{db_};
    const auto to =
        files::free_name(wanted, [&](const fs::path& name) { return archive_.tree().status(name).has_value() || queue.was_in_trash(name); });
    const auto row = queue.add_trashed({0, to, path, sha256, size, now});
    try {
        rename(path, to);
    } catch (const Error&) {
        if (archive_.tree().status(path) && !archive_.tree().status(to)) queue.trashed_gone(row, "kept", now);
        throw;
    }
    archive_.check_identity();
    if (!counts_as_copy(path)) return std::nullopt;
    rename(to, path);
    queue.trashed_gone(row, "kept", now);
    return relied_upon();
}

std::optional<Reason> Trash::put_back(const media_db::Trashed& one, Timestamp now) {
    archive_.check();
    const auto& tree = archive_.tree();
    media_db::Queue queue{db_};
    const bool in_trash = tree.status(one.path).has_value();
    const bool at_home = tree.status(one.original).has_value();
    if (!in_trash && at_home) {  // a run died between the move and the note of it
        queue.trashed_gone(one.id, "restored", now);
        return std::nullopt;
    }
    if (!in_trash) return Reason{"queue.not_in_trash", one.path.string() + " is not there any more"};
    if (at_home) return Reason{"queue.name_taken", "another file has the name " + one.original.string() + " now; it stays in " + one.path.string()};
    rename(one.path, one.original);
    archive_.check_identity();
    queue.trashed_gone(one.id, "restored", now);
    return std::nullopt;
}

/// Whoever took that content for a copy of a photo must have another one.
std::optional<Reason> Trash::still_needed(const media_db::Trashed& one) const {
    media_db::Evidence evidence{db_};
    for (const auto item : media_db::Queue(db_).items_with_content(one.sha256)) {
        const auto copy = evidence.current(item, Place::nas);
        if (!copy || !copy->proven || copy->sha256 != one.sha256 || archive_.size_of(copy->path) != one.size)
            return Reason{"queue.last_copy", "a photo of this house has this content and no other proven copy on the NAS"};
    }
    return std::nullopt;
}

std::optional<Reason> Trash::empty(const media_db::Trashed& one, Timestamp now) {
    archive_.check();
    const auto& tree = archive_.tree();
    media_db::Queue queue{db_};
    if (const auto size = archive_.size_of(one.path); !size) {
        queue.trashed_gone(one.id, tree.status(one.original) ? "kept" : "emptied", now);
        return std::nullopt;
    } else if (*size != one.size) {
        return Reason{"queue.changed", "it is not the file that was moved there"};
    }
    if (auto reason = still_needed(one)) return reason;
    MF_AROUND("queue.trash.remove", tree.remove(one.path));
    queue.trashed_gone(one.id, "emptied", now);
    for (auto folder = one.path.parent_path(); folder != fs::path(folder_) && !folder.empty(); folder = folder.parent_path())
        tree.remove_empty_directory(folder);
    return std::nullopt;
}

}  // namespace mediaferry::queue
