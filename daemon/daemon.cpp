// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/daemon.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "common/files/files.h"
#include "common/icloud/census_gate.h"
#include "common/log/log.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/known_time.h"
#include "common/media_db/reports.h"
#include "daemon/exit_code.h"
#include "daemon/house_rows.h"
#include "daemon/open_house.h"
#include "daemon/queue_report.h"
#include "daemon/status_report.h"
#include "daemon/systemd.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// A hand-started run, a release or a redo is noticed within this time.
constexpr auto kAtLeastEvery = 10s;
constexpr auto kHeartbeatEvery = 10min;

/// Less than the unit's TimeoutStopSec, so that it is us who end what does not end by itself.
std::chrono::seconds stop_patience() {
    const char* given = std::getenv("MEDIAFERRY_STOP_SECONDS");
    return given && *given ? std::chrono::seconds{std::atoi(given)} : 240s;
}

std::map<std::string, Rule> rules_of(const config::Settings& settings) {
    std::map<std::string, Rule> rules;
    for (const auto& step : stages::house()) rules.emplace(step.stage, rule_of(settings, step.stage));
    return rules;
}

}  // namespace

Daemon::Daemon(config::Settings settings, media_db::MediaDb db, const Clock& clock)
    : signals_(context_, SIGTERM, SIGINT, SIGHUP),
      wake_(context_),
      watchdog_(context_),
      patience_(context_),
      clock_(clock),
      settings_(std::move(settings)),
      db_(std::move(db)),
      workflow_(media_db::Runs{db_}.begin_workflow("daemon", ::getpid(), stages::house().front().stage, stages::house().back().stage, clock.now())),
      children_(db_, clock, workflow_),
      troubles_(db_, [this](const notify::Message& message) { messenger_.send(settings_, message); }),
      receiving_(clock),
      windows_(windows_of(settings_)),
      rules_(rules_of(settings_)) {
    signals_.add(SIGCHLD);
}

void Daemon::run() {
    media_db::Facts{db_}.set(std::string{kDaemonFact}, std::to_string(::getpid()), clock_.now());
    open_status_page();
    wait_for_signal();
    log::info("daemon started", {{"VERSION", MEDIAFERRY_VERSION}});
    systemd::ready("started");
    feed_watchdog();
    asio::post(context_, [this] { look(); });
    context_.run();
    media_db::Facts{db_}.forget(std::string{kDaemonFact});
    media_db::Runs{db_}.end_workflow(workflow_, 0, clock_.now());
    log::info("daemon stopped");
}

void Daemon::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal == SIGCHLD)
            look();
        else if (signal == SIGHUP)
            reload();
        else
            begin_stop(signal);
        wait_for_signal();
    });
}

void Daemon::look() {
    Timestamp next = clock_.now() + kAtLeastEvery;
    try {
        for (const auto& ended : children_.reap(settings_)) note_end(ended);
        receiving_.look(settings_, troubles_, !stopping_);
        if (stopping_) return finish_stop_if_idle();
        std::vector<StageNow> stages;
        for (const auto& step : stages::house())
            if (settings_.stage_enabled(step.stage)) stages.push_back(stage_now(step));
        const auto decision = decide(stages, windows_, settings_.retry, clock_.now());
        start_due(decision);
        next = std::min({next, decision.wake, receiving_.next(settings_)});
        heartbeat();
        systemd::status(status_line());
    } catch (const TransientError& error) {
        // The disk is full or media.db is busy: neither is cured by our end.
        log::error("cannot decide what to do", {{"REASON", error.code()}, {"TEXT", full_message(error)}});
    }
    look_again(next);
}

void Daemon::look_again(Timestamp at) {
    wake_.expires_after(std::max<std::chrono::seconds>(1s, at - clock_.now()));
    wake_.async_wait([this](const boost::system::error_code& error) {
        if (!error) look();
    });
}

StageNow Daemon::stage_now(const pipeline::Step& step) const {
    auto& db = const_cast<media_db::MediaDb&>(db_);
    const auto now = clock_.now();
    const media_db::Runs runs{db};
    const media_db::Conveyor conveyor{db};
    StageNow stage{std::string{step.stage}, rules_.at(std::string{step.stage})};
    stage.finds_own_work = step.unit == pipeline::Unit::none;
    stage.processes = settings_.processes(step.stage);
    const auto open = runs.open(step.stage);
    stage.running = std::max(children_.running(stage.stage),
                             static_cast<int>(std::ranges::count_if(open, [](const auto& run) { return process_exists(run.pid); })));
    if (!stage.finds_own_work) {
        stage.ready = conveyor.ready_count(step.stage, now);
        stage.next_due = conveyor.next_due(step.stage);
    }
    if (step.stage == "pixel_verify") stage.watches = !media_db::Evidence{db}.pixel_copies({"staged", "delivered", "dwelt"}, 1).empty();
    if (const auto last = runs.latest(step.stage)) {
        stage.last_begin = last->started;
        stage.last_end = last->finished;
        stage.last_exit = last->exit_code;
        stage.failures = runs.failures_in_a_row(step.stage);
    }
    if (const auto found = no_starts_.find(stage.stage); found != no_starts_.end()) stage.not_before = found->second.until;
    return stage;
}

void Daemon::start_due(const Decision& decision) {
    for (const auto& due : decision.start)
        for (int i = 0; i < due.processes; ++i) children_.start(settings_, due.stage);
}

void Daemon::note_end(const Ended& ended) {
    if (!ended.run) {
        // It never began: slot taken, config changed under us, disk full. Not at once again.
        auto& no_start = no_starts_[ended.stage];
        no_start.until = clock_.now() + settings_.retry.delay(++no_start.times, static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()));
        if (!went_through(ended.exit.code) && ended.exit.code != kTryLater)
            log::error("stage did not begin", {{"STAGE", ended.stage}, {"HOW", process::to_text(ended.exit)}});
        return;
    }
    no_starts_.erase(ended.stage);
    if (stopping_) return;
    if (ended.exit.signal == 0 && went_through(ended.exit.code)) {
        // No failure, and yet a person must hear of it: deletion stands still until the difference is gone or understood.
        if (ended.run->reason && icloud::is_census_gate(*ended.run->reason))
            return troubles_.failed(ended.stage, ended.exit.code, *ended.run->reason, 0, clock_.now());
        const auto counts = media_db::Reports{db_}.stages();
        const auto found = counts.find(ended.stage);
        return troubles_.went_through(ended.stage, found == counts.end() ? 0 : found->second.attention, clock_.now());
    }
    const int failures = media_db::Runs{db_}.failures_in_a_row(ended.stage);
    const Reason reason = ended.run->reason.value_or(Reason{"stage.crashed", "its process was " + process::to_text(ended.exit)});
    log::warning("stage failed", {{"STAGE", ended.stage}, {"REASON", reason.code}, {"TEXT", reason.text}, {"FAILURES", failures}});
    troubles_.failed(ended.stage, ended.exit.signal ? kBug : ended.exit.code, reason, failures, clock_.now());
}

void Daemon::heartbeat() {
    if (clock_.now() - last_heartbeat_ < kHeartbeatEvery) return;
    last_heartbeat_ = clock_.now();
    std::string text;
    for (const auto& line : troubles_.open()) text += line + "\n";
    messenger_.heartbeat(settings_, text.empty(), text);
}

void Daemon::feed_watchdog() {
    const auto interval = systemd::watchdog_interval();
    if (!interval) return;
    systemd::alive();
    watchdog_.expires_after(*interval);
    watchdog_.async_wait([this](const boost::system::error_code& error) {
        if (!error) feed_watchdog();
    });
}

void Daemon::begin_stop(int signal) {
    if (stopping_) return;
    stopping_ = true;
    log::info("stopping", {{"SIGNAL", signal}, {"RUNNING", children_.names()}});
    systemd::stopping();
    page_.reset();
    children_.signal_all(SIGTERM);
    receiving_.signal(SIGTERM);
    patience_.expires_after(stop_patience());
    patience_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        log::warning("stages did not end in time and were killed", {{"STAGES", children_.names()}});
        children_.kill_all();
        receiving_.kill();
        finish_stop_if_idle();
    });
    finish_stop_if_idle();
}

void Daemon::finish_stop_if_idle() {
    if (children_.none() && !receiving_.running()) context_.stop();
}

void Daemon::reload() {
    if (stopping_) return;
    systemd::reloading();
    try {
        auto fresh = config::load(settings_.file);
        auto rules = rules_of(fresh);
        auto windows = windows_of(fresh);
        if (fresh.database != settings_.database)
            throw ConfigError{"config.invalid", fresh.file.string() + ": database: cannot be changed by a reload (restart mediaferry)"};
        media_db::Conveyor{db_}.set_house(house_rows(fresh));
        const bool page_moved = fresh.status.listen != settings_.status.listen || fresh.status.enabled != settings_.status.enabled;
        settings_ = std::move(fresh);
        rules_ = std::move(rules);
        windows_ = std::move(windows);
        if (page_moved) open_status_page();
        log::info("config reloaded");
    } catch (const Error& error) {
        log::error("the new config was not taken, the old one stays in force", {{"TEXT", full_message(error)}});
        systemd::ready("the new config is wrong, the old one stays in force");
        return;
    }
    systemd::ready("config reloaded");
    look();
}

void Daemon::open_status_page() {
    page_.reset();
    if (!settings_.status.enabled) return;
    const auto report = [this] { return gather_status(db_, settings_, clock_.now()); };
    try {
        page_ = std::make_unique<StatusServer>(
            context_, settings_.status.listen,
            StatusServer::Pages{[report] { return status_json(report()); }, [this] { return queue_json(gather_queue(db_)); },
                                [report] { return status_metrics(report()); }});
        log::info("status page", {{"PORT", page_->port()}});
    } catch (const Unavailable& error) {
        // Photos matter more than a page about them.
        log::warning("no status page", {{"TEXT", error.what()}});
    }
}

std::string Daemon::status_line() const {
    const auto names = children_.names();
    return names.empty() ? "waiting" : "running " + names;
}

int daemon_command(const Options&, const config::Settings& settings) {
    const auto lock = files::Lock::try_take(settings.state_directory() / "daemon.lock");
    if (!lock) throw TryLater{"daemon.running", "another mediaferry daemon is running on " + settings.database.string()};
    auto db = open_house(settings);
    // The one before us did not end by itself.
    if (media_db::Facts{db}.get(std::string{kDaemonFact})) db = open_house(settings, media_db::Doubt::ended_badly);
    const TrustedClock clock{media_db::known_time(db)};
    media_db::keep_time(db, clock);
    Daemon daemon{settings, std::move(db), clock};
    daemon.run();
    return 0;
}

}  // namespace mediaferry::daemon
