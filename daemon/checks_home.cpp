// SPDX-License-Identifier: GPL-3.0-or-later
// doctor at home: folders, config, database, modules, the machine.
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <map>

#include "common/files/files.h"
#include "common/media_db/reports.h"
#include "common/process/process.h"
#include "daemon/checks.h"
#include "daemon/open_house.h"
#include "daemon/schedule.h"
#include "daemon/stage_module.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using Kind = Finding::Kind;

constexpr Bytes kLittleSpace{5ULL << 30};

Finding check_folder(const std::string& name, const fs::path& folder) {
    const std::string what = "folders." + name + " " + folder.string();
    boost::system::error_code error;
    if (!fs::exists(folder, error)) {
        fs::path parent = folder.parent_path();
        while (!parent.empty() && !fs::exists(parent, error)) parent = parent.parent_path();
        if (::access(parent.c_str(), W_OK) == 0) return {Kind::good, what + ": made at first use", ""};
        return {Kind::bad, what + ": does not exist and cannot be made", "install -d -o mediaferry -g mediaferry " + folder.string()};
    }
    if (!fs::is_directory(folder, error)) return {Kind::bad, what + ": is no directory", "move it away, or name another folder in the config"};
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0)
        return {Kind::bad, what + ": cannot be written by this user",
                "chown -R mediaferry:mediaferry " + folder.string() + ", and name it in ReadWritePaths= of the unit"};
    return {Kind::good, what, ""};
}

std::uint64_t device_of(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_dev : 0;
}

Finding check_space(const fs::path& folder) {
    try {
        const auto space = files::free_space(folder);
        const std::string what = to_text(space.free) + " free for " + folder.string();
        if (space.free < kLittleSpace) return {Kind::bad, what, "make room: downloads stop when the disk is full"};
        if (space.free_files < 1000)
            return {Kind::bad, "no free inodes for " + folder.string(), "remove small files, or make the file system anew with more inodes"};
        return {Kind::good, what, ""};
    } catch (const Error& error) {
        return {Kind::note, full_message(error), "looked at again once it exists"};
    }
}

/// Before 3.51.3 a rare race of two connections that reset the write-ahead log at once could lose a commit; we let one connection checkpoint.
Finding check_sqlite() {
    // The library that is loaded is asked by name: only media.db's own folder knows its header.
    const auto version = reinterpret_cast<const char* (*)()>(::dlsym(RTLD_DEFAULT, "sqlite3_libversion"));
    const auto number = reinterpret_cast<int (*)()>(::dlsym(RTLD_DEFAULT, "sqlite3_libversion_number"));
    if (!version || !number) return {Kind::good, "SQLite is part of this build", ""};
    const std::string what = std::string{"SQLite "} + version();
    if (number() < 3051003)
        return {Kind::note, what + " has a rare fault in its write-ahead log (mended in 3.51.3)",
                "nothing to do: mediaferry keeps clear of it; take the newer one when your distribution has it"};
    return {Kind::good, what, ""};
}

}  // namespace

Findings check_folders(const config::Settings& settings) {
    const auto& f = settings.folders;
    const std::vector<std::pair<std::string, fs::path>> all{{"root", f.root},
                                                            {"incoming", f.incoming},
                                                            {"backup", f.backup},
                                                            {"pixel_sync", f.pixel_sync},
                                                            {"compress", f.compress},
                                                            {"library", f.library},
                                                            {"delete_pending", f.delete_pending},
                                                            {"trash", f.trash}};
    Findings out;
    for (const auto& [name, folder] : all) out.push_back(check_folder(name, folder));
    for (const auto& [name, folder] : all)
        if (const auto device = device_of(folder); device != 0 && device != device_of(f.backup) && device_of(f.backup) != 0 && name != "root")
            out.push_back({Kind::note, "folders." + name + " lies on another file system than folders.backup",
                           "moves become verified copies: slower, and they need room twice"});
    out.push_back(check_space(fs::exists(f.root) ? f.root : f.root.parent_path()));
    return out;
}

Findings check_config(const config::Settings& settings) {
    Findings out{{Kind::good, settings.file.string() + " is understood", ""}};
    for (const auto& warning : settings.warnings) out.push_back({Kind::note, warning, "see mediaferry config show"});
    struct stat status {};
    if (::stat(settings.file.c_str(), &status) == 0 && (status.st_mode & 0002) != 0)
        out.push_back({Kind::bad, settings.file.string() + " can be changed by everybody", "chmod 0640 " + settings.file.string()});
    try {
        windows_of(settings);
        for (const auto& step : stages::house()) rule_of(settings, step.stage);
    } catch (const ConfigError& error) {
        out.push_back({Kind::bad, error.what(), "correct it in the config"});
    }
    return out;
}

Findings check_database(const config::Settings& settings) {
    Findings out;
    try {
        auto db = look_if_there(settings);
        if (!db)
            return {{Kind::note, "no " + settings.database.string() + " yet",
                     "the first run makes it; one of the earlier scripts is taken over by mediaferry db adopt FILE"}};
        const auto faults = media_db::Upkeep{*db}.check();
        if (faults.empty()) out.push_back({Kind::good, settings.database.string() + ": whole, counters and history agree", ""});
        for (const auto& fault : faults)
            out.push_back({Kind::bad, settings.database.string() + ": " + fault,
                           "stop the daemon and restore the last good copy of " + (settings.state_directory() / "backups").string()});
    } catch (const Error& error) {
        out.push_back({Kind::bad, full_message(error), "see above"});
    }
    out.push_back(check_space(settings.database.parent_path()));
    out.push_back(check_sqlite());
    return out;
}

Findings check_modules(const config::Settings& settings) {
    Findings out;
    for (const auto& step : stages::house()) {
        if (!settings.stage_enabled(step.stage)) continue;
        // In a process of its own: a broken codec library must not end the doctor.
        process::Command probe;
        probe.argv = {own_binary().string(), "--config", settings.file.string(), "doctor", "module:" + std::string{step.stage}};
        probe.inherit_environment = true;
        probe.deadline = std::chrono::seconds{60};
        const auto result = process::capture(probe);
        if (result.exit.ok())
            out.push_back({Kind::good, "module " + std::string{step.stage} + " loads", ""});
        else
            out.push_back(
                {Kind::bad, "module " + std::string{step.stage} + ": " + result.out + result.err + " (" + process::to_text(result.exit) + ")",
                 "reinstall mediaferry and the libraries it names (ldd " + (stages_directory() / (std::string{step.stage} + ".so")).string() + ")"});
    }
    return out;
}

Findings check_system(const config::Settings&) {
    Findings out;
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    out.push_back({Kind::good, std::string{"local time is "} + local.tm_zone + "; schedules and windows follow it", ""});
    if (local.tm_year + 1900 < 2025) out.push_back({Kind::bad, "the clock is wrong", "timedatectl set-ntp true"});
    if (fs::exists("/run/systemd/system") && std::getenv("INVOCATION_ID") == nullptr && ::geteuid() == 0)
        out.push_back({Kind::note, "you are root; the service runs as another user",
                       "sudo -u mediaferry mediaferry doctor: only that tells what the service may do"});
    if (::geteuid() == 0) out.push_back({Kind::note, "run as root", "files made now belong to root; the service could not move them"});
    return out;
}

}  // namespace mediaferry::daemon
