#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a stage run offers to the stage.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "common/media_db/media_db.h"
#include "common/media_db/runs.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/ids.h"

namespace mediaferry::stage {

class Run {
public:
    Run(media_db::MediaDb&, const config::Settings&, const Clock&, RunId, fs::path scratch, std::function<bool()> stop);

    media_db::MediaDb& db() { return db_; }
    const config::Settings& settings() const { return settings_; }
    Timestamp now() const { return clock_.now(); }
    RunId id() const { return id_; }
    /// A directory of this run alone (0700), emptied when it ends.
    const fs::path& scratch() const { return scratch_; }
    /// SIGTERM or SIGINT has come: finish the item or throw Interrupted, take no other.
    bool stop_requested() const { return stop_(); }
    std::function<bool()> stop() const { return stop_; }

    /// Writes that belong to the current item's outcome: run in its transaction, in this order, only if the item is still ours.
    void with_outcome(std::function<void(media_db::MediaDb&)> write) { writes_.push_back(std::move(write)); }
    std::vector<std::function<void(media_db::MediaDb&)>> take_writes() { return std::exchange(writes_, {}); }

    // -- what `status` and the progress line show; written to media.db at most twice a second --
    void expect(std::int64_t more_items);    ///< more work has come into sight
    void moved(Bytes);                       ///< bytes handled
    void activity(const std::string& what);  ///< "waiting for 3 files to arrive"
    void finished(std::int64_t items = 1);
    void waits(const Reason&, std::int64_t items = 1);
    void new_round() { progress_.waiting = 0; }          ///< those that waited are looked at again
    void failed(std::int64_t items);  ///< failed or need a person, and their rows say why: the run exits 1
    void failed(const Reason&);       ///< the same of what has no row: the first such reason becomes the run's
    const std::optional<Reason>& trouble() const { return trouble_; }
    /// Told to the user at the end of the run, on stderr ("plan 3 waits for approval: mediaferry approve 3").
    void tell(const std::string& line) { told_.push_back(line); }
    const std::vector<std::string>& told() const { return told_; }
    const media_db::Runs::Progress& progress() const { return progress_; }
    void flush_progress();

private:
    void progressed();

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    const Clock& clock_;
    RunId id_;
    fs::path scratch_;
    std::function<bool()> stop_;
    std::vector<std::function<void(media_db::MediaDb&)>> writes_;
    std::vector<std::string> told_;
    std::optional<Reason> trouble_;
    media_db::Runs::Progress progress_;
    std::chrono::steady_clock::time_point last_flush_{};
};

}  // namespace mediaferry::stage
