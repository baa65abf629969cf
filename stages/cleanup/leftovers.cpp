// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/cleanup/leftovers.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "common/archive/release_original.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"

namespace mediaferry::stages {

using stage::Run;

namespace {

/// Every entry below `root`, deepest first, symbolic links not followed. Absent: nothing.
template <class See>
void walk(Run& run, const fs::path& root, See&& see) {
    boost::system::error_code ignored;
    if (!fs::is_directory(root, ignored)) return;
    std::vector<fs::directory_entry> entries;
    for (const auto& entry : fs::directory_iterator(root, ignored)) entries.push_back(entry);
    std::ranges::sort(entries, {}, [](const fs::directory_entry& entry) { return entry.path(); });
    for (const auto& entry : entries) {
        if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop"};
        struct stat status {};
        if (::lstat(entry.path().c_str(), &status) != 0) continue;  // gone meanwhile
        if (S_ISDIR(status.st_mode)) walk(run, entry.path(), see);
        see(entry.path(), status);
    }
}

/// A folder of the config may be a link to another disk; one of our own is none, and what a link in its place leads to is not ours to look at.
bool is_our_folder(const fs::path& path) {
    const auto status = files::status_of(path);
    return status && S_ISDIR(status->st_mode);
}

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    boost::system::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) names.push_back(entry.path().filename().string());
    return names;
}

/// Modification times are set to capture dates: what counts is when somebody last wrote or renamed.
bool untouched_since(const struct stat& status, Timestamp before) {
    return std::max(status.st_mtim.tv_sec, status.st_ctim.tv_sec) < before.time_since_epoch().count();
}

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

std::vector<fs::path> working_folders(const config::Folders& folders) {
    return {folders.incoming, folders.backup, folders.pixel_sync, folders.compress, folders.library, folders.delete_pending, folders.trash};
}

/// Where files for the outbox are made ready, beside it: nothing stays there for longer than its run.
bool is_staging(const fs::path& path) { return path.parent_path().filename() == ".mediaferry-staging"; }

bool lies_in(const fs::path& folder, const fs::path& path) {
    const auto inside = path.lexically_normal().lexically_relative(folder);
    return !inside.empty() && inside != "." && *inside.begin() != "..";
}

/// Whether a file of this name has been taken in since: then the damaged arrival was one of its downloads.
bool came_again(media_db::Catalogue& catalogue, const fs::path& found) { return !catalogue.find(found.filename().string()).empty(); }

}  // namespace

namespace {

/// What no photo is ever called in our folders: names from outside lose a leading dot.
bool is_our_name(std::string_view name) { return files::is_temporary_name(name) || name.starts_with(".mediaferry-small-"); }

}  // namespace

bool is_unfinished_name(std::string_view name) {
    if (is_our_name(name)) return true;
    if (!name.ends_with(".part")) return false;
    name.remove_suffix(5);
    constexpr std::size_t shortest_checksum = 24;
    return name.size() >= shortest_checksum &&
           std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7') || c == '='; });
}

std::vector<Leftover> unfinished_files(Run& run, Timestamp before) {
    const auto& folders = run.settings().folders;
    auto places = working_folders(folders);
    for (const auto& parent : std::set{folders.root, folders.pixel_sync.parent_path()})
        if (const auto staging = parent / ".mediaferry-staging"; is_our_folder(staging)) places.push_back(staging);
    std::vector<Leftover> found;
    // Small state files are written beside their place: the head of the history (beside media.db), the session.
    for (const auto& folder : {run.settings().database.parent_path(), run.settings().state_directory(), run.settings().icloud.cookie_directory})
        for (const auto& name : names_in(folder))
            if (struct stat status{}; files::is_temporary_name(name) && ::lstat((folder / name).c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                                      untouched_since(status, before))
                found.push_back({Leftover::Kind::file, folder / name, "an unfinished state file"});
    const auto own_fetches = folders.incoming / ".mediaferry-fetch";
    for (const auto& folder : places) {
        walk(run, folder, [&](const fs::path& path, const struct stat& status) {
            const auto name = path.filename().string();
            // icloudpd's own form counts where icloudpd writes: elsewhere a photo may be called so.
            const bool ours = is_our_name(name) || (folder == folders.incoming && is_unfinished_name(name)) || is_staging(path) ||
                              (path.parent_path() == own_fetches && path.extension() == ".part" && whole_number(path.stem().string()));
            if (ours && S_ISREG(status.st_mode) && untouched_since(status, before))
                found.push_back({Leftover::Kind::file, path, "an unfinished transfer that nobody goes on with"});
        });
    }
    return found;
}

std::vector<Leftover> dead_scratch(Run& run) {
    const auto runs = run.settings().state_directory() / "runs";
    std::vector<Leftover> found;
    if (!is_our_folder(runs)) return found;
    for (const auto& entry : fs::directory_iterator(runs)) {
        const auto id = whole_number(entry.path().filename().string());
        if (!id || *id == run.id().value || entry.symlink_status().type() != fs::directory_file) continue;
        const auto row = media_db::Runs(run.db()).run(RunId{*id});
        if (!row || row->finished) found.push_back({Leftover::Kind::scratch, entry.path(), "scratch of a run that has ended"});
    }
    return found;
}

std::vector<Leftover> empty_directories(Run& run, Timestamp before) {
    const auto& folders = run.settings().folders;
    std::vector<Leftover> found;
    for (const auto& folder : {folders.incoming, folders.backup, folders.compress, folders.delete_pending, folders.trash}) {
        std::set<fs::path> kept;  // directories above something that stays
        walk(run, folder, [&](const fs::path& path, const struct stat& status) {
            if (S_ISDIR(status.st_mode) && !kept.contains(path) && untouched_since(status, before)) {
                found.push_back({Leftover::Kind::empty_directory, path, "an empty folder"});
            } else {
                kept.insert(path.parent_path());
            }
        });
    }
    return found;
}

std::vector<Leftover> old_set_aside(Run& run, Timestamp before) {
    media_db::Catalogue catalogue{run.db()};
    std::vector<Leftover> found;
    for (const auto& one : catalogue.set_aside()) {
        if (one.at >= before || !lies_in(run.settings().folders.trash, one.path)) continue;
        const bool certainly_no_photo = one.reason.code == "download.empty" || one.reason.code == "download.page";
        if (certainly_no_photo || came_again(catalogue, one.found))
            found.push_back({Leftover::Kind::set_aside, one.path, "a damaged arrival, in the trash for longer than workflow.trash_kept", one.id});
    }
    return found;
}

std::vector<Leftover> placeholders_of_the_gone(Run& run) {
    const auto& incoming = run.settings().folders.incoming;
    std::vector<Leftover> found;
    for (const auto& relative : media_db::Catalogue(run.db()).placeholders_of_the_gone()) {
        const auto path = incoming / relative;
        // Without the file it is a row that a run left which died between the two.
        if (!files::status_of(path) || files::looks_like_placeholder(path))
            found.push_back({Leftover::Kind::placeholder, path, "the placeholder of a photo that is no longer in iCloud"});
    }
    return found;
}

std::vector<Leftover> forgotten_originals(Run& run) {
    std::vector<Leftover> found;
    // By the rows, not by the files: a run that died between the two leaves a row without its file.
    for (const auto& item : media_db::Catalogue(run.db()).deleted_with_original())
        if (lies_in(run.settings().folders.delete_pending, *item.local_path) && archive::may_release(run.db(), run.settings(), item))
            found.push_back({Leftover::Kind::original, *item.local_path, "the original of a photo that is deleted in iCloud and proven on the NAS",
                             item.id.value});
    return found;
}

std::vector<Leftover> all_leftovers(Run& run) {
    const auto before = run.now() - run.settings().workflow.cleanup_after;
    std::vector<Leftover> all = dead_scratch(run);
    for (auto part : {unfinished_files(run, before), old_set_aside(run, run.now() - run.settings().workflow.trash_kept), placeholders_of_the_gone(run),
                      forgotten_originals(run), empty_directories(run, before)})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

}  // namespace mediaferry::stages
