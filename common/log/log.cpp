// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/log/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <memory>
#include <mutex>

#include "common/errors/errors.h"
#include "common/log/journal.h"
#include "common/log/logfmt.h"

namespace mediaferry::log {
namespace {

std::shared_ptr<spdlog::logger> stderr_logger() {
    auto logger = std::make_shared<spdlog::logger>("mediaferry", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%SZ %v", spdlog::pattern_time_type::utc));
    logger->set_level(spdlog::level::trace);
    return logger;
}

struct State {
    std::mutex mutex;
    Level level = Level::info;
    bool to_journal = false;
    std::vector<std::string> secrets;  ///< longest first: a secret inside another must not leave the rest of it readable
    std::shared_ptr<spdlog::logger> to_stderr = stderr_logger();
};

State& state() {
    // Never destroyed: destructors of other statics may log.
    static State* const the_state = new State;
    return *the_state;
}

Fields& bound() {
    thread_local Fields fields;
    return fields;
}

const char* word(Level level) {
    switch (level) {
        case Level::debug: return "debug";
        case Level::info: return "info";
        case Level::warning: return "warning";
        case Level::error: break;
    }
    return "error";
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
    for (const std::string& secret : secrets) {
        for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) text.replace(at, secret.size(), "***");
    }
    return text;
}

/// What is bound to the thread, then the line's own; a name given twice keeps its last value.
Fields merged(const Fields& own, const std::vector<std::string>& secrets) {
    Fields all;
    const auto add = [&](const Field& field) {
        const Field safe{field_name(field.name), without_secrets(field.value, secrets)};
        const auto same = std::find_if(all.begin(), all.end(), [&](const Field& other) { return other.name == safe.name; });
        if (same == all.end()) {
            all.push_back(safe);
        } else {
            same->value = safe.value;
        }
    };
    for (const Field& field : bound()) add(field);
    for (const Field& field : own) add(field);
    return all;
}

void write(Level level, std::string_view sentence, const Fields& own) {
    State& now = state();
    const std::lock_guard hold(now.mutex);
    if (level < now.level) return;
    const Fields fields = merged(own, now.secrets);
    const std::string event = without_secrets(std::string(sentence), now.secrets);
    const std::string details = logfmt(fields);
    // journalctl shows MESSAGE alone, so the fields are repeated there for the reader; EVENT is the constant sentence.
    if (now.to_journal && journal::write(level, event + details, event, fields)) return;
    now.to_stderr->log(spdlog::level::info, std::string("level=") + word(level) + " msg=" + quoted(event, true) + details);
}

/// A line that cannot be written must not become the failure: lines are written from destructors too.
void write_or_drop(Level level, std::string_view sentence, const Fields& fields) noexcept {
    try {
        write(level, sentence, fields);
    } catch (...) {
    }
}

}  // namespace

void init(Level level, Format format) {
    const bool to_journal = journal::present() && (format == Format::journald || (format == Format::automatic && journal::on_stderr()));
    State& now = state();
    const std::lock_guard hold(now.mutex);
    now.level = level;
    now.to_journal = to_journal;
}

Level level_from_text(std::string_view text) {
    for (const Level level : {Level::debug, Level::info, Level::warning, Level::error}) {
        if (text == word(level)) return level;
    }
    throw BadInput{"log.level", "'" + std::string(text) + "' is no log level (write debug, info, warning or error)"};
}

void debug(std::string_view sentence, const Fields& fields) { write_or_drop(Level::debug, sentence, fields); }
void info(std::string_view sentence, const Fields& fields) { write_or_drop(Level::info, sentence, fields); }
void warning(std::string_view sentence, const Fields& fields) { write_or_drop(Level::warning, sentence, fields); }
void error(std::string_view sentence, const Fields& fields) { write_or_drop(Level::error, sentence, fields); }

Scope::Scope(Fields fields) : depth_(bound().size()) {
    bound().insert(bound().end(), std::make_move_iterator(fields.begin()), std::make_move_iterator(fields.end()));
}

Scope::~Scope() { bound().erase(bound().begin() + static_cast<std::ptrdiff_t>(depth_), bound().end()); }

void redact(const std::string& secret) {
    if (secret.empty()) return;
    State& now = state();
    const std::lock_guard hold(now.mutex);
    if (std::find(now.secrets.begin(), now.secrets.end(), secret) != now.secrets.end()) return;
    const auto shorter = [&](const std::string& other) { return other.size() < secret.size(); };
    now.secrets.insert(std::find_if(now.secrets.begin(), now.secrets.end(), shorter), secret);
}

}  // namespace mediaferry::log
