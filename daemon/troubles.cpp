// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/troubles.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <sstream>

#include "common/log/log.h"
#include "common/media_db/runs.h"
#include "common/notify/episodes.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

namespace {

constexpr std::string_view kFact = "notify.open";
constexpr std::string_view kPeople = "attention";

std::vector<std::string> read_lines(media_db::MediaDb& db) {
    std::vector<std::string> lines;
    std::istringstream text{media_db::Facts{db}.get(kFact).value_or("")};
    text.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would end before what it has no room for
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
}

void write_lines(media_db::MediaDb& db, const std::vector<std::string>& lines, Timestamp now) {
    std::string text;
    for (const auto& line : lines) text += line + "\n";
    media_db::Facts{db}.set(std::string{kFact}, text, now);
}

}  // namespace

std::vector<std::string> Troubles::open() const { return read_lines(db_); }

void Troubles::failed(const std::string& stage, int exit_code, const Reason& reason, int failures_in_a_row, Timestamp now) {
    const bool person = exit_code == kSignIn || exit_code == kConfig;
    if (exit_code == kTryLater && failures_in_a_row < 2) return;
    notify::Episodes episodes{read_lines(db_)};
    if (!episodes.should_notify(stage, reason.code, true)) return;
    write_lines(db_, episodes.lines(), now);
    log::error("trouble", {{"STAGE", stage}, {"REASON", reason.code}, {"TEXT", reason.text}});
    tell_({person ? notify::Severity::error : notify::Severity::warning, "mediaferry: " + stage + (person ? " needs you" : " has stopped"),
           reason.text, stage, reason.code, now});
}

void Troubles::went_through(const std::string& stage, std::int64_t waiting_for_a_person, Timestamp now) {
    notify::Episodes episodes{read_lines(db_)};
    const auto before = episodes.lines();
    const bool over = waiting_for_a_person == 0;
    const auto recovered = episodes.recovered(stage);
    const bool known = std::ranges::find(recovered, kPeople) != recovered.end();
    if (!over) episodes.should_notify(stage, kPeople, true);
    if (episodes.lines() == before) return;
    write_lines(db_, episodes.lines(), now);
    if (!over && !known)
        tell_({notify::Severity::warning, "mediaferry: files need you",
               std::to_string(waiting_for_a_person) + " file(s) do not get through " + stage + " by themselves. See: mediaferry attention", stage,
               std::string{kPeople}, now});
    for (const auto& code : recovered) {
        if (code == kPeople && !over) continue;
        log::info("trouble is over", {{"STAGE", stage}, {"REASON", code}});
        tell_({notify::Severity::info, "mediaferry: " + stage + " works again", code + " is over", stage, code, now});
    }
}

struct Messenger::Impl {
    boost::asio::thread_pool thread{1};
};

Messenger::Messenger() : impl_(std::make_unique<Impl>()) {}
Messenger::~Messenger() {
    impl_->thread.stop();
    impl_->thread.join();
}

void Messenger::send(const config::Settings& settings, notify::Message message) {
    boost::asio::post(impl_->thread, [how = settings.notify, message = std::move(message)] {
        try {
            notify::Notifier{how}.send(message);
        } catch (const std::exception& error) {
            log::warning("message not sent", {{"TEXT", full_message(error)}});
        }
    });
}

void Messenger::heartbeat(const config::Settings& settings, bool ok, std::string text) {
    if (settings.notify.healthchecks_url.empty()) return;
    boost::asio::post(impl_->thread, [how = settings.notify, ok, text = std::move(text)] {
        try {
            notify::Notifier{how}.heartbeat(ok, text);
        } catch (const std::exception& error) {
            log::warning("heartbeat not sent", {{"TEXT", full_message(error)}});
        }
    });
}

}  // namespace mediaferry::daemon
