#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How runs went (tables workflow, run), deletion plans (plan, plan_item), and small facts (state).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

struct RunRow {
    RunId id;
    std::optional<WorkflowId> workflow;
    std::string stage;
    int slot = 0;
    int pid = 0;
    Timestamp started;
    std::optional<Timestamp> finished;
    std::optional<int> exit_code, end_signal;
    std::optional<Reason> reason;
    std::int64_t total = 0, done = 0, waiting = 0, attention = 0;
    Bytes bytes;
    std::string activity;
};

struct WorkflowRow {
    WorkflowId id;
    std::string name;  ///< workflow_YYYYMMDD_HHMMSS
    std::string started_by;
    int pid = 0;
    Timestamp started;
    std::optional<Timestamp> finished;
    std::optional<int> exit_code;
    std::string first_stage, last_stage;
};

class Runs {
public:
    explicit Runs(MediaDb& db) : db_(db) {}

    WorkflowId begin_workflow(std::string_view started_by, int pid, std::string_view first, std::string_view last,
                              Timestamp);  ///< a name taken in the same second gets "_2"
    void end_workflow(WorkflowId, int exit_code, Timestamp);
    std::optional<WorkflowRow> workflow(WorkflowId) const;
    std::optional<WorkflowRow> latest_workflow() const;

    RunId begin(std::string_view stage, int slot, int pid, std::optional<WorkflowId>, Timestamp);
    struct Progress {
        std::int64_t total = 0, done = 0, waiting = 0, attention = 0;
        Bytes bytes;
        std::string activity;
    };
    void progress(RunId, const Progress&);  ///< cheap: synchronous=NORMAL is enough for it
    void end(RunId, int exit_code, const std::optional<Reason>&, Timestamp);
    /// A run that never said goodbye (crash, kill -9): closed with the signal, or 0 if unknown.
    void ended_by_signal(RunId, int signal, Timestamp);
    std::vector<RunRow> open(std::string_view stage) const;  ///< not finished
    std::optional<RunRow> latest(std::string_view stage) const;
    std::optional<RunRow> latest_finished(std::string_view stage) const;
    std::vector<RunRow> of(WorkflowId) const;
    std::optional<RunRow> run(RunId) const;
    /// Failures in a row of the stage as a whole (exit code neither 0 nor 1), for the daemon's backoff.
    int failures_in_a_row(std::string_view stage) const;
    std::int64_t prune(Timestamp older_than);  ///< finished runs and workflows

private:
    MediaDb& db_;
};

struct PlanItem {
    AssetId asset;
    std::string change_tag;
    std::string resources;  ///< sorted checksums joined by blanks
    Bytes bytes;
    std::string status;  ///< planned | sent | deleted | held
    std::optional<Reason> reason;
};
struct Plan {
    PlanId id;
    Timestamp created;
    std::string status;  ///< proposed | approved | finished | superseded
    std::optional<Timestamp> approved;
    std::string approved_by;
    std::vector<PlanItem> items;
};

class Plans {
public:
    explicit Plans(MediaDb& db) : db_(db) {}
    /// Replaces an earlier proposal (superseded); equal content keeps the earlier one.
    PlanId propose(const std::vector<PlanItem>&, Timestamp);
    /// Takes the proposal back, if there is one: nothing of it may be deleted any more, or all of it is.
    void withdraw(Timestamp);
    std::optional<Plan> plan(PlanId) const;
    std::optional<Plan> open_plan(std::string_view status) const;  ///< newest with that status
    /// Throws BadInput ("plan.unknown", "plan.not_proposed").
    void approve(PlanId, const std::string& by, Timestamp);
    void item_status(PlanId, AssetId, std::string_view status, const std::optional<Reason>&);
    void finish(PlanId, Timestamp);

private:
    MediaDb& db_;
};

class Facts {
public:
    explicit Facts(MediaDb& db) : db_(db) {}
    std::optional<std::string> get(std::string_view key) const;
    std::optional<Timestamp> written(std::string_view key) const;
    void set(std::string_view key, const std::string& value, Timestamp);
    void forget(std::string_view key);

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
