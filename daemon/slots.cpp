// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/slots.h"

#include <csignal>
#include <cstring>

#include "common/errors/errors.h"
#include "common/log/log.h"
#include "common/media_db/conveyor.h"
#include "daemon/exit_code.h"
#include "daemon/last_words.h"
#include "stages/house.h"

namespace mediaferry::daemon {

fs::path slot_file(const config::Settings& settings, std::string_view stage, int number) {
    return settings.state_directory() / "locks" / ("stage-" + std::string{stage} + "." + std::to_string(number));
}

std::optional<Slot> take_slot(const config::Settings& settings, std::string_view stage) {
    for (int number = 0; number < settings.processes(stage); ++number)
        if (auto lock = files::Lock::try_take(slot_file(settings, stage, number))) return Slot{number, std::move(*lock)};
    return std::nullopt;
}

std::vector<files::Lock> stop_the_house(const config::Settings& settings) {
    std::vector<files::Lock> held;
    const auto take = [&](const fs::path& file, const std::string& who) {
        auto lock = files::Lock::try_take(file);
        if (!lock)
            throw TryLater{"db.in_use",
                           who + " is running and works with " + settings.database.string() + "; stop it first (systemctl stop mediaferry)"};
        held.push_back(std::move(*lock));
    };
    take(settings.state_directory() / "daemon.lock", "the daemon");
    for (const auto& step : stages::house())
        for (int number = 0; number < settings.processes(step.stage); ++number)
            take(slot_file(settings, step.stage, number), "the stage " + std::string{step.stage});
    return held;
}

bool still_runs(const config::Settings& settings, const media_db::RunRow& run, std::optional<int> own_slot) {
    if (own_slot == run.slot) return false;
    // The process first: probing the lock of a living one would be harmless, probing a free one could make a starting child look elsewhere.
    if (::kill(run.pid, 0) != 0 && errno == ESRCH) return false;
    return !files::Lock::try_take(slot_file(settings, run.stage, run.slot)).has_value();
}

std::int64_t sweep_dead_runs(media_db::MediaDb& db, const config::Settings& settings, std::string_view stage, std::optional<int> own_slot,
                             Timestamp now, int pid, int signal) {
    media_db::Runs runs{db};
    media_db::Conveyor conveyor{db};
    std::vector<RunId> alive;
    std::string how = "its process ended without a word (killed, or the power went)";
    const bool was_asked = signal == SIGTERM || signal == SIGINT;
    for (const auto& run : runs.open(stage)) {
        if (run.pid != pid && still_runs(settings, run, own_slot)) {
            alive.push_back(run.id);
            continue;
        }
        const bool known = run.pid == pid && signal != 0;
        if (!known && memory_ran_out_for(slot_file(settings, run.stage, run.slot), run.id)) {
            conveyor.put_back(run.id);
            runs.end(run.id, kUnavailable, OutOfMemory{}.reason(), now);
            continue;
        }
        if (known && was_asked) conveyor.put_back(run.id);
        if (known) how = std::string{"its process was ended by SIG"} + ::sigabbrev_np(signal) + (signal == SIGALRM ? " (it took too long)" : "");
        runs.ended_by_signal(run.id, known ? signal : 0, now);
        log::warning("run died", {{"STAGE", stage}, {"RUN_ID", run.id.value}, {"SIGNAL", known ? signal : 0}});
    }
    return conveyor.sweep(stage, alive, how, now);
}

}  // namespace mediaferry::daemon
