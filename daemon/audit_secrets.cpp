// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_secrets.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <new>

namespace mediaferry::daemon {

namespace {

constexpr std::size_t kTooShortToTell = 6;

/// Of what this house knows: name for a person, value.
std::vector<std::pair<std::string, std::string>> secrets_of(const config::Settings& settings) {
    std::vector<std::pair<std::string, std::string>> found;
    for (const auto& [name, secret] : {std::pair{"icloud.password", &settings.icloud.password},
                                       {"syncthing.api_key", &settings.syncthing.api_key},
                                       {"notify.smtp.password", &settings.notify.smtp.password},
                                       {"notify.ntfy_token", &settings.notify.ntfy_token}})
        if (secret->present && secret->value.size() >= kTooShortToTell) found.emplace_back(name, secret->value);
    return found;
}

/// Whether `text` occurs in the file, read block by block.
bool holds(const fs::path& path, const std::string& text) {
    std::ifstream in(path.string(), std::ios::binary);
    std::string window;
    std::vector<char> block(1 << 20);
    while (in) {
        in.read(block.data(), static_cast<std::streamsize>(block.size()));
        window.append(block.data(), static_cast<std::size_t>(in.gcount()));
        if (window.find(text) != std::string::npos) return true;
        if (window.size() > text.size()) window.erase(0, window.size() - text.size());
    }
    return false;
}

bool for_others(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 0007) != 0;
}

/// What lies in the folder; one that is not there holds nothing, one that cannot be listed is told of.
std::vector<fs::path> entries(const fs::path& folder, Ledger& ledger) {
    std::vector<fs::path> found;
    boost::system::error_code failed;
    for (fs::directory_iterator at{folder, failed}, end; !failed && at != end; at.increment(failed)) found.push_back(at->path());
    if (failed.value() == ENOMEM) throw std::bad_alloc{};
    if (failed && failed.value() != ENOENT) ledger.unreached({"secrets", "file.denied", folder.string() + " cannot be listed: " + failed.message()});
    return found;
}

std::vector<fs::path> processes(Ledger& ledger) {
    std::vector<fs::path> found;
    for (const auto& entry : entries("/proc", ledger)) {
        const auto name = entry.filename().string();
        if (std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) found.push_back(entry / "cmdline");
    }
    return found;
}

}  // namespace

void audit_secrets(const config::Settings& settings, Ledger& ledger) {
    const fs::path wal = settings.database.string() + "-wal";
    for (const auto& path : {settings.database, wal, settings.icloud.cookie_directory})
        ledger.expect(!for_others(path), "I9", path.string() + " can be read by everybody");
    for (const auto& file : entries(settings.icloud.cookie_directory, ledger))
        ledger.expect(!for_others(file), "I9", file.string() + " can be read by everybody");
    for (const auto& warning : settings.warnings) ledger.expect(false, "I9", warning);
    const auto running = processes(ledger);
    for (const auto& [name, value] : secrets_of(settings)) {
        for (const auto& path : {settings.database, wal}) ledger.expect(!holds(path, value), "I9", name + " stands in " + path.string());
        const auto shown = std::ranges::find_if(running, [&, &value = value](const fs::path& path) { return holds(path, value); });
        ledger.expect(shown == running.end(), "I9",
                      name + " stands on the command line of process " + (shown == running.end() ? "" : shown->parent_path().filename().string()));
    }
}

}  // namespace mediaferry::daemon
