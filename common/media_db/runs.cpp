// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/runs.h"

#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

#define MEDIAFERRY_RUN                                                                                                           \
    "id, workflow_id, stage, slot, pid, started_at, finished_at, exit_code, end_signal, reason_code, reason_text, total, done, " \
    "waiting, attention, bytes, activity"
#define MEDIAFERRY_WORKFLOW "id, name, started_by, pid, started_at, finished_at, exit_code, first_stage, last_stage"

RunRow run_from(const Query& row) {
    RunRow run;
    run.id = RunId{row.integer(0)};
    run.workflow = row.maybe_id<WorkflowId>(1);
    run.stage = row.text(2);
    run.slot = static_cast<int>(row.integer(3));
    run.pid = static_cast<int>(row.integer(4));
    run.started = row.time(5);
    run.finished = row.maybe_time(6);
    run.exit_code = row.maybe_int(7);
    run.end_signal = row.maybe_int(8);
    run.reason = reason_from(row, 9);
    run.total = row.integer(11);
    run.done = row.integer(12);
    run.waiting = row.integer(13);
    run.attention = row.integer(14);
    run.bytes = row.bytes(15);
    run.activity = row.text(16);
    return run;
}

std::optional<RunRow> one_run(Query& query) {
    if (!query.next()) return std::nullopt;
    return run_from(query);
}
std::vector<RunRow> runs(Query& query) {
    return all(query, [](const Query& row) { return run_from(row); });
}

std::optional<WorkflowRow> one_workflow(Query& row) {
    if (!row.next()) return std::nullopt;
    return WorkflowRow{WorkflowId{row.integer(0)}, row.text(1), row.text(2), static_cast<int>(row.integer(3)), row.time(4), row.maybe_time(5),
                       row.maybe_int(6),           row.text(7), row.text(8)};
}

/// While it lives commits are not fsynced: for what may be lost with the power.
class Hasty {
public:
    explicit Hasty(MediaDb& db) : db_(db), outermost_(db.impl().depth == 0) {
        if (outermost_) db_.impl().run("PRAGMA synchronous = NORMAL");
    }
    ~Hasty() {
        if (!outermost_) return;
        try {
            db_.impl().run("PRAGMA synchronous = FULL");
        } catch (const std::exception&) {
            std::terminate();  // nothing may be committed without FULL after this
        }
    }
    Hasty(const Hasty&) = delete;
    Hasty& operator=(const Hasty&) = delete;

private:
    MediaDb& db_;
    bool outermost_;
};

}  // namespace

WorkflowId Runs::begin_workflow(std::string_view started_by, int pid, std::string_view first, std::string_view last, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.runs.begin_workflow"));
    const std::string base = "workflow_" + to_compact(now);
    std::string name = base;
    for (int number = 2; Query(db_, "SELECT 1 FROM workflow WHERE name = :name").with(":name", name).next(); ++number)
        name = base + "_" + std::to_string(number);
    Query(db_, R"(INSERT INTO workflow (name, started_by, pid, started_at, first_stage, last_stage)
                  VALUES (:name, :by, :pid, :now, :first, :last))")
        .with(":name", name)
        .with(":by", started_by)
        .with(":pid", pid)
        .with(":now", now)
        .with(":first", first)
        .with(":last", last)
        .run();
    const WorkflowId id{db_.impl().last_id()};
    transaction.commit();
    return id;
}

void Runs::end_workflow(WorkflowId id, int exit_code, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.runs.end_workflow"));
    Query(db_, "UPDATE workflow SET finished_at = :now, exit_code = :code WHERE id = :id")
        .with(":now", now)
        .with(":code", exit_code)
        .with(":id", id)
        .run();
    transaction.commit();
}

std::optional<WorkflowRow> Runs::workflow(WorkflowId id) const {
    Query query(db_, "SELECT " MEDIAFERRY_WORKFLOW " FROM workflow WHERE id = :id");
    return one_workflow(query.with(":id", id));
}

std::optional<WorkflowRow> Runs::latest_workflow() const {
    Query query(db_, "SELECT " MEDIAFERRY_WORKFLOW " FROM workflow ORDER BY id DESC LIMIT 1");
    return one_workflow(query);
}

RunId Runs::begin(std::string_view stage, int slot, int pid, std::optional<WorkflowId> workflow, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.runs.begin"));
    Query(db_, "INSERT INTO run (workflow_id, stage, slot, pid, started_at) VALUES (:workflow, :stage, :slot, :pid, :now)")
        .with(":workflow", workflow)
        .with(":stage", stage)
        .with(":slot", slot)
        .with(":pid", pid)
        .with(":now", now)
        .run();
    const RunId id{db_.impl().last_id()};
    transaction.commit();
    return id;
}

void Runs::progress(RunId id, const Progress& progress) {
    const Hasty unsynced(db_);
    Transaction transaction(db_, MF_COMMIT("db.runs.progress"));
    Query(db_, R"(UPDATE run SET total = :total, done = :done, waiting = :waiting, attention = :attention, bytes = :bytes, activity = :activity
                   WHERE id = :id)")
        .with(":total", progress.total)
        .with(":done", progress.done)
        .with(":waiting", progress.waiting)
        .with(":attention", progress.attention)
        .with(":bytes", progress.bytes)
        .with(":activity", progress.activity)
        .with(":id", id)
        .run();
    transaction.commit();
}

void Runs::end(RunId id, int exit_code, const std::optional<Reason>& reason, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.runs.end"));
    Query(db_, "UPDATE run SET finished_at = :now, exit_code = :exit, reason_code = :code, reason_text = :text, activity = '' WHERE id = :id")
        .with(":now", now)
        .with(":exit", exit_code)
        .with(":code", reason ? std::optional(reason->code) : std::nullopt)
        .with(":text", reason ? std::optional(reason->text) : std::nullopt)
        .with(":id", id)
        .run();
    transaction.commit();
}

void Runs::ended_by_signal(RunId id, int signal, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.runs.ended_by_signal"));
    Query(db_, "UPDATE run SET finished_at = :now, end_signal = :signal, activity = '' WHERE id = :id AND finished_at IS NULL")
        .with(":now", now)
        .with(":signal", signal)
        .with(":id", id)
        .run();
    transaction.commit();
}

std::vector<RunRow> Runs::open(std::string_view stage) const {
    Query query(db_, "SELECT " MEDIAFERRY_RUN " FROM run WHERE stage = :stage AND finished_at IS NULL ORDER BY id");
    return runs(query.with(":stage", stage));
}

std::optional<RunRow> Runs::latest(std::string_view stage) const {
    Query query(db_, "SELECT " MEDIAFERRY_RUN " FROM run WHERE stage = :stage ORDER BY started_at DESC, id DESC LIMIT 1");
    return one_run(query.with(":stage", stage));
}

std::optional<RunRow> Runs::latest_finished(std::string_view stage) const {
    Query query(db_, "SELECT " MEDIAFERRY_RUN " FROM run WHERE stage = :stage AND finished_at IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1");
    return one_run(query.with(":stage", stage));
}

std::vector<RunRow> Runs::of(WorkflowId workflow) const {
    Query query(db_, "SELECT " MEDIAFERRY_RUN " FROM run WHERE workflow_id = :workflow ORDER BY id");
    return runs(query.with(":workflow", workflow));
}

std::optional<RunRow> Runs::run(RunId id) const {
    Query query(db_, "SELECT " MEDIAFERRY_RUN " FROM run WHERE id = :id");
    return one_run(query.with(":id", id));
}

int Runs::failures_in_a_row(std::string_view stage) const {
    Query query(db_, "SELECT exit_code FROM run WHERE stage = :stage AND finished_at IS NOT NULL ORDER BY started_at DESC, id DESC");
    query.with(":stage", stage);
    int failures = 0;
    while (query.next()) {
        const auto code = query.maybe_int(0);
        if (code == 0 || code == 1) break;
        if (code == 130 || code == 143) continue;  // somebody stopped it: says nothing about the stage
        ++failures;
    }
    return failures;
}

std::int64_t Runs::prune(Timestamp older_than) {
    Transaction transaction(db_, MF_COMMIT("db.runs.prune"));
    // The last run of each stage stays: `status` shows it, however old.
    std::int64_t gone = Query(db_, R"(DELETE FROM run WHERE finished_at < :old
                                        AND id NOT IN (SELECT max(id) FROM run WHERE finished_at IS NOT NULL GROUP BY stage))",
                              Keep::once)
                            .with(":old", older_than)
                            .run();
    gone += Query(db_, R"(DELETE FROM workflow WHERE finished_at < :old
                            AND NOT EXISTS (SELECT 1 FROM run WHERE run.workflow_id = workflow.id)
                            AND id <> (SELECT max(id) FROM workflow))",
                  Keep::once)
                .with(":old", older_than)
                .run();
    transaction.commit();
    return gone;
}

}  // namespace mediaferry::media_db
