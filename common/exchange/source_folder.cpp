// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/exchange/source_folder.h"

#include <algorithm>

#include "common/errors/errors.h"

namespace mediaferry::exchange {

namespace {

bool is_syncthings_own(const std::string& name) { return name.starts_with(".") || name.starts_with("~syncthing~") || name.ends_with(".tmp"); }

}  // namespace

SourceFolder SourceFolder::open(syncthing::Client& client, const std::string& id) {
    const auto folders = client.folders();
    const auto found = std::ranges::find(folders, id, &syncthing::FolderConfig::id);
    if (found == folders.end())
        throw NeedsPerson("exchange.no_folder", "Syncthing has no folder " + id + " (exchange.remote_sources); accept it there, or correct its ID");
    // In any other type our side could change or delete what the other house has.
    if (found->type != "receiveonly" || found->encrypted)
        throw NeedsPerson("exchange.folder_type",
                          "the folder " + id + " is " + (found->encrypted ? "encrypted" : found->type) + "; set it to Receive Only in Syncthing");
    if (found->paused) throw Unavailable("exchange.folder_paused", "the folder " + id + " is paused in Syncthing");
    if (const auto status = client.folder_status(id); status.state == "error" || !status.error.empty())
        throw Unavailable("exchange.folder_error", "Syncthing reports an error for the folder " + id + ": " + status.error);
    std::string path = found->path;
    if (path == "~" || path.starts_with("~/")) path.replace(0, 1, client.status().home);
    return {id, files::Tree::open(path)};
}

std::vector<Brought> SourceFolder::files() const {
    std::vector<Brought> found;
    look({}, found);
    return found;
}

void SourceFolder::look(const fs::path& below, std::vector<Brought>& found) const {
    for (const auto& name : tree_.list(below)) {
        if (is_syncthings_own(name)) continue;
        const auto path = below / name;
        const auto status = tree_.status(path);
        if (!status) continue;
        if (S_ISDIR(status->st_mode)) look(path, found);
        if (S_ISREG(status->st_mode))
            found.push_back({path.string(),
                             {static_cast<std::uint64_t>(status->st_size)},
                             {Timestamp{std::chrono::seconds{status->st_mtim.tv_sec}}, status->st_mtim.tv_nsec}});
    }
}

bool SourceFolder::is_complete(syncthing::Client& client, const Brought& file) const {
    const auto answer = client.file(id_, file.path);
    return answer && complete(*answer, file);
}

bool complete(const syncthing::FileAnswer& answer, const Brought& file) {
    const auto& local = answer.local;
    const auto& global = answer.global;
    const auto usable = [](const syncthing::FileEntry& entry) { return entry.present() && entry.is_file && !entry.deleted && !entry.invalid; };
    return usable(local) && usable(global) && !local.ignored && !local.must_rescan && local.version == global.version &&
           local.size == file.size.count && local.modified == file.modified;
}

}  // namespace mediaferry::exchange
