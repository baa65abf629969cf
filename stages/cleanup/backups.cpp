// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/cleanup/backups.h"

#include <algorithm>

#include "common/files/files.h"
#include "common/media_db/reports.h"
#include "common/media_db/runs.h"

namespace mediaferry::stages {
namespace {

constexpr std::string_view kFact = "cleanup.backup";
constexpr std::string_view kPrefix = "daily-";
constexpr std::string_view kByHand = "media-";  // mediaferry db backup
constexpr std::size_t kKept = 7;

fs::path directory(stage::Run& run) { return run.settings().state_directory() / "backups"; }

constexpr std::string_view kUnfinished = ".db.part";

bool is_unfinished(const std::string& name) { return name.find(kUnfinished) != std::string::npos; }

/// Who writes a backup holds its unfinished file; what SQLite lays beside that has its name and an ending.
bool at_work(const fs::path& path) {
    const auto name = path.filename().string();
    const auto part = path.parent_path() / name.substr(0, name.find(kUnfinished) + kUnfinished.size());
    return files::is_file(part) && !files::Lock::try_take(part);
}

bool untouched_for(stage::Run& run, const fs::path& path) {
    const auto status = files::status_of(path);
    return status && Timestamp{std::chrono::seconds{status->st_mtim.tv_sec}} < run.now() - run.settings().workflow.cleanup_after;
}

}  // namespace

bool backup_is_due(stage::Run& run) {
    const auto last = media_db::Facts(run.db()).written(kFact);
    // One written in the future is a clock that was wrong.
    return !last || *last > run.now() || run.now() - *last >= std::chrono::hours{24};
}

fs::path write_backup(stage::Run& run) {
    files::make_directories(directory(run));
    const auto path = directory(run) / (std::string(kPrefix) + to_compact(run.now()) + ".db");
    // One of this very second was finished by a run that died before it could say so: it gets its name last.
    if (!fs::exists(path)) media_db::Upkeep(run.db()).backup_to(path);
    media_db::Facts(run.db()).set(kFact, path.filename().string(), run.now());
    return path;
}

std::vector<fs::path> surplus_backups(stage::Run& run) {
    boost::system::error_code ignored;
    if (!fs::is_directory(directory(run), ignored)) return {};
    std::vector<fs::path> found, unfinished;
    for (const auto& entry : fs::directory_iterator(directory(run))) {
        const auto name = entry.path().filename().string();
        // Daily ones only this stage writes, and it is the only one of its kind that runs: they are of a run that died. One by hand may be at work.
        if (is_unfinished(name) && (name.starts_with(kPrefix) || (name.starts_with(kByHand) && untouched_for(run, entry.path()) && !at_work(entry.path()))))
            unfinished.push_back(entry.path());
        if (name.starts_with(kPrefix) && entry.path().extension() == ".db") found.push_back(entry.path());
    }
    std::ranges::sort(found, std::greater<>{});  // the name begins with its time
    found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min(kKept, found.size())));
    found.insert(found.end(), unfinished.begin(), unfinished.end());
    return found;
}

}  // namespace mediaferry::stages
