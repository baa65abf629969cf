#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Works through the queue, target by target. Only what was queued is done. A run that was killed is gone on with by the next: what it copied is
// there under its name, or not at all, and is told as copied.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/clock/clock.h"
#include "common/compare/compare.h"
#include "common/files/files.h"
#include "common/media_db/media_db.h"
#include "common/media_db/queue.h"
#include "common/queue/transfer.h"

namespace mediaferry::queue {

/// What a target was queued with; kept as JSON, so that a changed config does not change what was asked.
struct Wish {
    int depth = 2;
    std::string rules;                  ///< name of the rules; "" for none
    compare::RuleSet rule_set;          ///< and what they said then
    std::vector<std::string> left_out;  ///< classes
    bool only_copy = false;             ///< trash: also what is not here
    friend bool operator==(const Wish& a, const Wish& b) {
        return a.depth == b.depth && a.rule_set.include == b.rule_set.include && a.rule_set.exclude == b.rule_set.exclude &&
               a.left_out == b.left_out && a.only_copy == b.only_copy;
    }
};
std::string to_json(const Wish&);
Wish wish_from_json(const std::string&);
/// "without flats, rules images": for a person; "" for none.
std::string in_words(const Wish&);

compare::Action action_of(std::string_view word);

/// What a run does to show how far it is.
struct Progress {
    const media_db::QueuedAction& action;
    std::int64_t number = 0, of = 0;  ///< target n of how many
    std::int64_t handled = 0, total = 0;
    Bytes bytes;
    std::string path;
};

class Runner {
public:
    using Opened = std::function<std::unique_ptr<compare::Side>()>;  ///< one side, to be read once

    Runner(media_db::MediaDb& db, const Sides& sides, const Clock& clock, std::vector<compare::FileClass> classes, std::string trash, Opened here,
           Opened there, std::function<void(const Progress&)> tell = {});

    /// All that waits. Throws Unavailable when a side is away or full: the target it was at waits with that reason, the others as they did.
    /// Interrupted likewise.
    void run(const std::vector<media_db::QueuedAction>&);

private:
    void plan(const std::vector<media_db::QueuedAction>&);
    void work(const media_db::QueuedAction&);
    void work_file(const media_db::QueuedAction&, const Wish&, media_db::QueuedFile&);
    void transfer(const media_db::QueuedAction&, std::vector<media_db::QueuedFile>&);
    void tell(const media_db::QueuedAction&, const media_db::QueuedFile&);
    template <class Work>
    void settle(const media_db::QueuedAction&, media_db::QueuedFile&, Work&&);
    void done(const media_db::QueuedAction&, const media_db::QueuedFile&);
    void write_down();
    std::optional<Reason> trash(const Wish&, const fs::path& path);

    media_db::MediaDb& db_;
    Sides sides_;
    const Clock& clock_;
    std::vector<compare::FileClass> classes_;
    std::string trash_;
    Opened here_, there_;
    std::function<void(const Progress&)> tell_;
    struct Done {
        std::int64_t action = 0;
        std::vector<media_db::QueuedFile> files;
        std::vector<archive_index::Row> rows;  ///< of what was pushed
        std::chrono::steady_clock::time_point since;
    } done_;  ///< not yet written down
    std::int64_t number_ = 0, of_ = 0, handled_ = 0, total_ = 0;
    Bytes bytes_;
};

}  // namespace mediaferry::queue
