// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/queue/runner.h"

#include <map>
#include <utility>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/queue/rules.h"
#include "common/queue/trash.h"

namespace mediaferry::queue {

using media_db::QueuedAction;
using media_db::QueuedFile;

namespace {

/// Rows on their way into media.db, some hundred in one transaction.
class Planned {
public:
    Planned(media_db::MediaDb& db, std::int64_t id) : queue_(db), id_(id) {}
    void add(QueuedFile file) {
        constexpr std::size_t at_once = 500;
        rows_.push_back(std::move(file));
        if (rows_.size() >= at_once) write();
    }
    void write() {
        if (!rows_.empty()) queue_.plan(id_, rows_);
        rows_.clear();
    }

private:
    media_db::Queue queue_;
    std::int64_t id_;
    std::vector<QueuedFile> rows_;
};

struct Wanted {
    const QueuedAction* action;
    compare::Action what;
    bool only_copy;
    Planned rows;
};

Bytes size_of(const compare::Judged& file) { return file.archive ? file.archive->size : file.local->size; }

void add(Wanted& wanted, const compare::Judged& file) {
    auto step = step_for(wanted.what, file, wanted.only_copy);
    if (!step) return;
    // On a share it may be what a killed run left in the place of this very file: push() looks.
    if (wanted.what == compare::Action::push && step->why.code == "queue.differs" && file.archive->size <= files::Store::longest_mark)
        step = Step{Do::copy, {}};
    QueuedFile row{std::string(file.path), std::string(file.file_class), size_of(file), "planned", {}};
    if (step->what == Do::skip) {
        row.status = "skipped";
        row.reason = step->why;
    }
    wanted.rows.add(std::move(row));
}

}  // namespace

Runner::Runner(media_db::MediaDb& db, const Sides& sides, const Clock& clock, std::vector<compare::FileClass> classes, std::string trash, Opened here,
               Opened there, std::function<void(const Progress&)> tell)
    : db_(db),
      sides_(sides),
      clock_(clock),
      classes_(std::move(classes)),
      trash_(std::move(trash)),
      here_(std::move(here)),
      there_(std::move(there)),
      tell_(std::move(tell)) {}

/// One look at both sides for all targets that were queued with the same options; what is to be done goes into media.db, not into memory.
void Runner::plan(const std::vector<QueuedAction>& actions) {
    media_db::Queue queue{db_};
    std::vector<std::pair<Wish, std::map<std::string, Wanted, std::less<>>>> groups;
    for (const auto& action : actions) {
        queue.begin(action.id);
        auto wish = wish_from_json(action.options);
        const bool only_copy = std::exchange(wish.only_copy, false);
        auto group = std::ranges::find_if(groups, [&](const auto& one) { return one.first == wish; });
        if (group == groups.end()) group = groups.insert(groups.end(), {wish, {}});
        group->second.emplace(action.target, Wanted{&action, action_of(action.action), only_copy, Planned{db_, action.id}});
    }
    for (auto& [wish, targets] : groups) {
        compare::Asked asked;
        asked.depth = wish.depth;
        asked.rules = wish.rule_set;
        asked.classes = classes_;
        asked.left_out = wish.left_out;
        const auto here = here_();
        const auto there = there_();
        auto& known = targets;
        compare::compare(
            *here, *there, asked,
            [&](const compare::Judged& file) {
                if (const auto wanted = known.find(file.target); wanted != known.end()) add(wanted->second, file);
            },
            sides_.stop);
        for (auto& [name, wanted] : targets) wanted.rows.write();
    }
    for (const auto& action : actions) queue.count(action.id);
}

void Runner::run(const std::vector<QueuedAction>& actions) {
    media_db::Queue queue{db_};
    std::size_t at = 0;
    try {
        plan(actions);
        of_ = static_cast<std::int64_t>(actions.size());
        for (; at < actions.size(); ++at) {
            number_ = static_cast<std::int64_t>(at) + 1;
            work(actions[at]);
        }
    } catch (const Error& error) {
        write_down();
        const bool asked = dynamic_cast<const Interrupted*>(&error) != nullptr;
        for (auto rest = at; rest < actions.size(); ++rest)
            queue.wait(actions[rest].id, asked || rest > at ? std::nullopt : std::optional{error.reason()});
        throw;
    }
}

void Runner::work(const QueuedAction& action) {
    media_db::Queue queue{db_};
    const auto now = queue.at(action.target);
    if (!now || now->id != action.id) return;  // a person removed it meanwhile
    const auto wish = wish_from_json(action.options);
    total_ = now->total;
    handled_ = now->counts.copied + now->counts.skipped + now->counts.errors;
    constexpr std::size_t page = 200;
    for (std::string after;;) {
        auto files = queue.planned(action.id, after, page);
        if (files.empty()) break;
        after = files.back().path;
        if (action.action == "trash")
            for (auto& file : files) work_file(action, wish, file);
        else
            transfer(action, files);
    }
    write_down();
    queue.finish(action.id, clock_.now());
}

/// What was done is on its disk; here it is only told, for some files at once: a commit for each would cost more than a small file's copy. A run that
/// dies before finds those files again, equal, and tells them as copied then.
void Runner::done(const QueuedAction& action, const QueuedFile& file) {
    constexpr std::size_t most = 64;
    constexpr std::chrono::seconds longest{1};
    const auto now = std::chrono::steady_clock::now();
    if (done_.files.empty()) done_.since = now;
    done_.action = action.id;
    done_.files.push_back(file);
    if (done_.files.size() >= most || now - done_.since >= longest || action.action == "trash") write_down();
}

/// The index first: what media.db calls copied is in it.
void Runner::write_down() {
    if (done_.files.empty()) return;
    const auto now = std::exchange(done_, {});
    if (!now.rows.empty()) {
        archive_index::Index::Change change{sides_.index};
        for (const auto& row : now.rows) sides_.index.put(row);
        change.commit();
    }
    media_db::Queue(db_).record(now.action, now.files);
}

void Runner::tell(const QueuedAction& action, const QueuedFile& file) {
    if (sides_.stop && sides_.stop()) throw Interrupted{"interrupted", "asked to stop"};
    constexpr Bytes long_work{64U << 20};
    if (file.size > long_work) write_down();
    if (tell_) tell_({action, number_, of_, handled_, total_, bytes_, file.path});
}

/// What came of a file; `work` gives the reason why it was not copied, or throws.
template <class Work>
void Runner::settle(const QueuedAction& action, QueuedFile& file, Work&& work) {
    try {
        file.reason = files::in_our_words(work);
        file.status = file.reason ? "skipped" : "copied";
        if (!file.reason) bytes_ += file.size;
    } catch (const Interrupted&) {
        throw;
    } catch (const Unavailable&) {
        throw;
    } catch (const Error& error) {
        // One file's trouble; unless the NAS is gone, then it is the run's.
        sides_.archive.check_identity();
        file.status = "error";
        file.reason = Reason{error.code(), full_message(error)};
        log::warning("a queued file failed", {{"PATH", file.path}, {"REASON", error.code()}});
    }
    done(action, file);
    ++handled_;
}

void Runner::work_file(const QueuedAction& action, const Wish& wish, QueuedFile& file) {
    tell(action, file);
    settle(action, file, [&] { return trash(wish, file.path); });
}

/// Many small files or a few photos at once: their flushes meet. All of them are on the disk before one is told as copied.
void Runner::transfer(const QueuedAction& action, std::vector<QueuedFile>& files) {
    constexpr std::size_t most = 64;
    constexpr Bytes most_bytes{64U << 20};
    for (std::size_t first = 0; first < files.size();) {
        std::vector<fs::path> paths;
        Bytes bytes;
        auto next = first;
        for (; next < files.size() && paths.size() < most && (paths.empty() || bytes + files[next].size <= most_bytes); ++next) {
            tell(action, files[next]);
            bytes += files[next].size;
            paths.emplace_back(files[next].path);
        }
        auto transferred = action.action == "push" ? push(sides_, paths, clock_.now()) : pull(sides_, paths);
        for (auto& one : transferred) {
            if (one.row) done_.rows.push_back(std::move(*one.row));
            settle(action, files[first++], [&]() -> std::optional<Reason> {
                if (one.failed) std::rethrow_exception(one.failed);
                return std::move(one.reason);
            });
        }
    }
}

/// Both sides are read now: what was noted about them earlier is good for showing, not for taking a file away.
std::optional<Reason> Runner::trash(const Wish& wish, const fs::path& path) {
    auto& archive = sides_.archive;
    archive.check_identity();
    const auto size = archive.size_of(path);
    if (!size) return Reason{"queue.gone", "it is not on the NAS any more"};
    if (const auto row = sides_.index.at(path.native()); row && row->file_class == archive_index::Class::original) return relied_upon();
    const bool here = sides_.local.status(path).has_value();
    if (!here && !wish.only_copy) return Reason{"queue.not_here", "it is not here any more"};
    const auto sha256 = here ? digest_here(sides_.local, path, sides_.stop) : digest_there(archive.tree(), path, sides_.stop);
    if (archive.reread(path, sha256, sides_.stop).reading != archive::Archive::Reading::same)
        return Reason{"queue.differs", "the file here is another one; what lies on the NAS may be its only copy"};
    if (auto refused = Trash{db_, archive, trash_}.take(path, sha256, *size, clock_.now())) return refused;
    archive_index::Index::Change change{sides_.index};
    sides_.index.remove(path.native());
    change.commit();
    return std::nullopt;
}

}  // namespace mediaferry::queue
