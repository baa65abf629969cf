// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/strangers.h"

#include <algorithm>

#include "common/files/files.h"

namespace mediaferry::stages {
namespace {

void look(const files::Tree& tree, const fs::path& folder, std::vector<std::string>& found) {
    for (const auto& name : tree.list(folder)) {
        const auto path = folder / name;
        const auto status = tree.status(path);
        if (!status || S_ISREG(status->st_mode)) continue;
        if (!S_ISDIR(status->st_mode)) {
            found.push_back(files::printable(path.string()) + ": " + files::kind_of(status->st_mode));
            continue;
        }
        try {
            look(tree, path, found);
        } catch (const Unavailable&) {
            throw;
        } catch (const TransientError&) {
            // Became a link meanwhile, is another mount, or may not be read by us: nothing there is looked at by us either.
            found.push_back(files::printable(path.string()) + ": a folder that cannot be looked into");
        }
    }
}

}  // namespace

std::vector<std::string> strangers_below(const fs::path& incoming) {
    std::vector<std::string> found;
    look(files::Tree::open(incoming), "", found);
    return found;
}

std::optional<Reason> why_not_icloudpd(const fs::path& incoming, const std::vector<std::string>& strangers) {
    if (strangers.empty()) return std::nullopt;
    constexpr std::size_t most = 5;
    std::string names;
    for (std::size_t i = 0; i < std::min(most, strangers.size()); ++i) names += (i > 0 ? "; " : "") + strangers[i];
    if (strangers.size() > most) names += "; and " + std::to_string(strangers.size() - most) + " more";
    return Reason{
        "incoming.stranger",
        "in " + incoming.string() + " lies what is neither a file nor a folder of its own (" + names +
            "). It is not touched, and icloudpd is not started while it is there, because icloudpd could write through it: photos are fetched "
            "by mediaferry itself meanwhile. Take it away, or name the folder that it leads to as folders.incoming"};
}

}  // namespace mediaferry::stages
