// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry queue run` and `queue restore`: the parts that move files.
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/archive/known.h"
#include "common/archive_index/books.h"
#include "common/archive_index/keeper.h"
#include "common/clock/clock.h"
#include "common/compare/sides.h"
#include "common/errors/errors.h"
#include "common/log/log.h"
#include "common/media_db/exchange.h"
#include "common/media_db/queue.h"
#include "common/queue/runner.h"
#include "common/queue/trash.h"
#include "daemon/commands/compare_sides.h"
#include "daemon/commands/queue_commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/progress_line.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

using media_db::Queue;
using media_db::QueuedAction;
using QueueWords = std::vector<std::string>;
using QueueSteady = std::chrono::steady_clock;

files::Lock take_queue_lock(const config::Settings& settings) {
    auto lock = files::Lock::try_take(queue::lock_file(settings.state_directory()));
    if (!lock) throw TryLater{"queue.running", "another run works at the queue now"};
    return std::move(*lock);
}

/// While the lock is held every other writer of this house's queue is dead; other houses have another tag.
archive::Writer queue_writer(media_db::MediaDb& db, Timestamp now) {
    std::string house;
    for (const char c : media_db::Exchange(db).archive_id(now))
        if (c != '-' && house.size() < 12) house += c;
    const auto ours = "queue" + house + "-";
    return {ours + std::to_string(::getpid()) + "x" + std::to_string(now.time_since_epoch().count()),
            [ours](std::string_view tag) { return tag.starts_with(ours); }};
}

/// A line that moves on a terminal; elsewhere a line a target and one now and then.
class RunTalk {
public:
    explicit RunTalk(bool wanted) : wanted_(wanted) {}
    ~RunTalk() { wipe(); }
    RunTalk(const RunTalk&) = delete;
    RunTalk& operator=(const RunTalk&) = delete;

    void operator()(const queue::Progress& seen) {
        if (!wanted_) return;
        const auto now = QueueSteady::now();
        const auto what = seen.action.action + " " + seen.action.target;
        const bool another = what != last_;
        if (another) last_ = what, began_ = now;
        if (!another && now - shown_ < (terminal_ ? std::chrono::milliseconds{200} : std::chrono::milliseconds{30'000})) return;
        shown_ = now;
        if (!terminal_) {
            std::cerr << what << ": " << seen.handled << " of " << seen.total << " files\n";
            return;
        }
        const ProgressView view{static_cast<int>(seen.number),
                                static_cast<int>(seen.of),
                                what,
                                seen.handled,
                                seen.total,
                                seen.bytes,
                                std::chrono::duration_cast<std::chrono::milliseconds>(now - began_),
                                files::printable(seen.path)};
        std::cerr << "\r\x1b[K" << progress_line(view, {}) << std::flush;
        drawn_ = true;
    }
    void wipe() {
        if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
        drawn_ = false;
    }

private:
    bool wanted_, terminal_ = ::isatty(STDERR_FILENO) == 1, drawn_ = false;
    std::string last_;
    QueueSteady::time_point began_ = QueueSteady::now(), shown_{};
};

/// Everything that a run needs of the NAS, open. What was queued and cannot be begun waits with the reason.
struct OpenNas {
    archive::Archive archive;
    archive_index::Index index;
};
OpenNas open_nas(media_db::MediaDb& db, const config::Settings& settings, Timestamp now) {
    auto archive = archive::open_known(db, settings.archive, now, queue_writer(db, now));
    auto index = archive_index::Index::open(archive_index::index_file(settings.state_directory(), archive));
    archive_index::refresh(archive, index);
    return {std::move(archive), std::move(index)};
}

/// The books on the NAS follow what was done, also by a run that ends early.
void keep_books(media_db::MediaDb& db, OpenNas& nas) { archive_index::Keeper{db, nas.archive, nas.index}.keep_all(); }

void work_through(media_db::MediaDb& db, const config::Settings& settings, const std::vector<QueuedAction>& actions, RunTalk& talk) {
    const SystemClock clock;
    const auto local_root = queue_local(settings);
    Queue queue{db};
    std::optional<OpenNas> nas;
    std::optional<files::Tree> local;
    try {
        nas.emplace(open_nas(db, settings, clock.now()));
        local.emplace(files::Tree::open(local_root));
    } catch (const Error& error) {
        queue.wait(actions.front().id, error.reason());
        throw;
    }
    std::vector<compare::FileClass> classes;
    for (const auto& one : settings.compare.classes) classes.push_back({one.name, one.paths});
    auto hashes = remembered_hashes(settings, local_root, false);
    const auto here = [&]() -> std::unique_ptr<compare::Side> {
        return std::make_unique<compare::FolderSide>(files::Tree::open(local_root), "", hashes ? &*hashes : nullptr, clock.now(), comparing_stopped);
    };
    const auto there = [&] { return archive_side(settings.archive, nas->archive, nas->index); };
    const queue::Sides sides{*local, nas->archive, nas->index, comparing_stopped, {}};
    archive_index::Pace pace{clock.now()};
    const auto tell = [&](const queue::Progress& seen) {
        talk(seen);
        const auto now = clock.now();
        if (!pace.due(now)) return;
        keep_books(db, *nas);
        pace.kept(now, clock.now());
    };
    queue::Runner runner{db, sides, clock, std::move(classes), settings.archive.trash, here, there, tell};
    try {
        runner.run(actions);
    } catch (...) {
        try {
            keep_books(db, *nas);
        } catch (const Error& error) {
            log::info("the archive's books wait", {{"REASON", error.code()}, {"ERROR", error.what()}});
        }
        throw;
    }
    keep_books(db, *nas);
}

/// What became of the targets of this run; true: there were errors.
bool print_outcome(media_db::MediaDb& db, const std::vector<QueuedAction>& actions, bool json) {
    bool errors = false;
    auto rows = nlohmann::ordered_json::array();
    for (const auto& was : actions) {
        const auto now = Queue(db).at(was.target);
        if (!now) continue;
        errors |= now->counts.errors > 0;
        if (json)
            rows.push_back({{"target", now->target},
                            {"action", now->action},
                            {"status", now->status},
                            {"copied", now->counts.copied},
                            {"skipped", now->counts.skipped},
                            {"errors", now->counts.errors}});
        else
            std::cout << now->action << " " << now->target << ": " << now->status << ", " << now->counts.copied
                      << (now->action == "trash" ? " moved, " : " copied, ") << now->counts.skipped << " skipped, " << now->counts.errors << " errors"
                      << (now->counts.skipped + now->counts.errors > 0 ? " (mediaferry queue log " + now->target + ")" : "") << "\n";
    }
    if (json) std::cout << nlohmann::ordered_json{{"targets", rows}}.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << "\n";
    return errors;
}

}  // namespace

int queue_run(const QueueWords& words, const Options& given, const config::Settings& settings) {
    const bool quiet = words == QueueWords{"--no-progress"};
    if (!quiet && !words.empty()) throw UsageError{"usage.queue", "queue run takes --no-progress or nothing"};
    catch_stop_signals();
    auto db = open_house(settings);
    const auto lock = take_queue_lock(settings);
    const auto actions = Queue(db).waiting();
    if (actions.empty()) {
        if (!given.json) std::cout << "nothing is queued\n";
        return given.json ? print_outcome(db, actions, true), 0 : 0;
    }
    if (std::ranges::any_of(actions, [](const QueuedAction& action) { return action.action != "push"; }))
        refuse_working_folders(settings, queue_local(settings));
    try {
        RunTalk talk{!quiet};
        work_through(db, settings, actions, talk);
    } catch (const Interrupted&) {
        print_outcome(db, actions, given.json);
        return 128 + stop_signal();
    }
    return print_outcome(db, actions, given.json) ? kItemsFailed : 0;
}

int queue_restore(const QueueWords& words, const Options& given, const config::Settings& settings) {
    const auto now = SystemClock{}.now();
    auto db = open_house(settings);
    auto lying = Queue(db).trashed();
    if (words.empty()) {
        for (const auto& one : lying)
            std::cout << files::printable(one.original.native()) << "  " << to_text(one.size) << "  moved " << to_iso(one.at) << ", lies in "
                      << files::printable(one.path.native()) << "\n";
        if (lying.empty()) std::cerr << "the queue has moved nothing to the trash\n";
        return 0;
    }
    const auto lock = take_queue_lock(settings);
    auto nas = open_nas(db, settings, now);
    queue::Trash trash{db, nas.archive, settings.archive.trash};
    std::int64_t back = 0, stayed = 0;
    for (const auto& word : words) {
        const auto wanted = word.size() > 1 && word.ends_with('/') ? word.substr(0, word.size() - 1) : word;
        bool any = false;
        // The newest first: of two with one name it is the one that is missed.
        for (auto one = lying.rbegin(); one != lying.rend(); ++one) {
            const auto& original = one->original.native();
            if (original != wanted && one->path.native() != wanted && !original.starts_with(wanted + "/")) continue;
            any = true;
            if (const auto reason = trash.put_back(*one, now)) {
                std::cerr << reason->text << "\n";
                ++stayed;
                continue;
            }
            ++back;
            if (!given.json) std::cout << "restored: " << files::printable(original) << "\n";
        }
        if (!any) throw BadInput{"queue.not_in_trash", "nothing that lay at " + word + " is in the trash; mediaferry queue restore lists what is"};
        std::erase_if(
            lying, [&](const media_db::Trashed& one) { return one.original.native() == wanted || one.original.native().starts_with(wanted + "/"); });
    }
    if (given.json) std::cout << nlohmann::ordered_json{{"restored", back}, {"stayed", stayed}}.dump(2) << "\n";
    keep_books(db, nas);
    return stayed > 0 ? kItemsFailed : 0;
}

}  // namespace mediaferry::daemon
