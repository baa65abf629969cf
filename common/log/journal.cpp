// SPDX-License-Identifier: GPL-3.0-or-later
// Errors of the journal library are answers here: a line that the journal refuses goes to stderr.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "common/log/journal.h"

#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace mediaferry::log::journal {

// sd_journal_sendv() reports success when there is no journal at all.
bool present() { return ::access("/run/systemd/journal/socket", W_OK) == 0; }

bool on_stderr() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat about {};
    if (stream == nullptr || ::fstat(STDERR_FILENO, &about) != 0) return false;
    return std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino) == stream;
}

namespace {

const char* priority(Level level) {
    switch (level) {
        case Level::error: return "PRIORITY=3";
        case Level::warning: return "PRIORITY=4";
        case Level::info: return "PRIORITY=6";
        case Level::debug: break;
    }
    return "PRIORITY=7";
}

}  // namespace

bool write(Level level, const std::string& message, const std::string& event, const Fields& fields) {
    std::vector<std::string> lines{"MESSAGE=" + message, priority(level), "SYSLOG_IDENTIFIER=mediaferry", "EVENT=" + event};
    for (const Field& field : fields) lines.push_back(field.name + "=" + field.value);
    std::vector<iovec> parts;
    for (std::string& line : lines) parts.push_back({line.data(), line.size()});
    return ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

}  // namespace mediaferry::log::journal
