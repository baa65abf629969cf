// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/schedule.h"

#include <algorithm>
#include <functional>

#include "common/errors/errors.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

namespace {

using namespace std::chrono_literals;

/// How often a stage whose queue is empty is started all the same: it may have something to look after (files that age, copies to read again).
constexpr auto kIdle = 1h;
constexpr auto kLookAgain = 15min;

bool failed_as_a_whole(const StageNow& stage) {
    return stage.last_end && (!stage.last_exit || !went_through(*stage.last_exit)) && stage.failures > 0;
}

/// When the stage may begin its next run, the queue aside.
Timestamp time_for(const StageNow& stage, const Backoff& retry) {
    if (!stage.last_begin) return Timestamp{};
    const Timestamp by_rule = stage.rule.next(*stage.last_begin);
    if (!failed_as_a_whole(stage) || stage.last_exit == kSignIn || stage.last_exit == kConfig) return by_rule;
    const auto seed = std::hash<std::string>{}(stage.stage) ^ static_cast<std::uint64_t>(stage.last_end->time_since_epoch().count());
    return std::min(by_rule, *stage.last_end + retry.delay(stage.failures, seed));
}

}  // namespace

std::string schedule_of(const config::Settings& settings, std::string_view stage) {
    if (const auto found = settings.schedule.of.find(std::string{stage}); found != settings.schedule.of.end()) return found->second;
    if (stage == "icloud_download") return "0 2 * * *";
    if (stage == "icloud_delete") return "0 4 * * *";
    if (stage == "cleanup") return "0 5 * * *";
    return stage == "icloud_mark" ? "every 1h" : "every 10m";
}

std::optional<Rule> Rule::from_text(std::string_view text) {
    if (text.starts_with("every ")) {
        const auto every = config::duration_from_text(text.substr(6));
        if (!every || *every < 1s) return std::nullopt;
        return Rule{*every};
    }
    if (auto cron = Cron::from_text(text)) return Rule{*cron};
    return std::nullopt;
}

Timestamp Rule::next(Timestamp last) const {
    if (const auto* every = std::get_if<std::chrono::seconds>(&when_)) return last + *every;
    return std::get<Cron>(when_).next(last);
}

Decision decide(const std::vector<StageNow>& stages, const std::vector<Window>& windows, const Backoff& retry, Timestamp now) {
    Decision decision{{}, now + kLookAgain};
    const auto wake_at = [&](Timestamp at) { decision.wake = std::min(decision.wake, std::max(at, now + 1s)); };
    for (const auto& stage : stages) {
        if (stage.running > 0) continue;  // its end wakes the daemon
        Timestamp at = time_for(stage, retry);
        const bool something = stage.finds_own_work || stage.watches || stage.ready > 0 || !stage.last_begin;
        if (!something) {
            Timestamp idle = *stage.last_begin + kIdle;
            if (stage.next_due) idle = std::min(idle, *stage.next_due);
            at = std::max(at, idle);
        }
        if (stage.not_before) at = std::max(at, *stage.not_before);
        at = next_open(windows, std::max(at, now));
        if (at > now) {
            wake_at(at);
            continue;
        }
        const auto wanted = stage.finds_own_work ? 1 : std::clamp<std::int64_t>(stage.ready, 1, stage.processes);
        decision.start.push_back({stage.stage, static_cast<int>(wanted)});
    }
    return decision;
}

std::vector<Window> windows_of(const config::Settings& settings) {
    std::vector<Window> windows;
    for (const auto& text : settings.schedule.windows) {
        const auto window = Window::from_text(text);
        if (!window)
            throw ConfigError{"config.invalid", settings.file.string() + ": schedule.windows: '" + text + "' is no window (write \"22:00-06:00\")"};
        windows.push_back(*window);
    }
    return windows;
}

Rule rule_of(const config::Settings& settings, std::string_view stage) {
    const auto text = schedule_of(settings, stage);
    if (const auto rule = Rule::from_text(text)) return *rule;
    throw ConfigError{"config.invalid", settings.file.string() + ": schedule." + std::string{stage} + ": '" + text +
                                            "' is no schedule (write \"0 2 * * *\" or every 10m)"};
}

}  // namespace mediaferry::daemon
