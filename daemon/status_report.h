#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How it stands: gathered from media.db in a few indexed questions, shown as text, as JSON and on the status page.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/reports.h"
#include "common/media_db/runs.h"

namespace mediaferry::daemon {

struct StageStatus {
    int number = 0;
    std::string stage;
    bool enabled = true;
    std::string state;                                             ///< off | pending | running | completed | waiting | failed | interrupted | died
    std::int64_t done = 0, total = 0, waiting = 0, attention = 0;  ///< files, in the runs of this workflow
    Bytes bytes;
    std::optional<Timestamp> started, finished;
    std::string activity;
    std::optional<int> exit_code;
    std::optional<Reason> reason;
    media_db::StageCounts counts;  ///< all files of the house
};

struct StatusReport {
    Timestamp at;
    std::string version;
    std::optional<media_db::WorkflowRow> workflow;  ///< absent: nothing has run yet
    std::string state;                              ///< of the workflow: running | completed | failed | interrupted | died
    double percent = 0;
    int current = 0;  ///< number of the stage that runs, or ran last; 0: none
    std::int64_t files_processed = 0;
    std::optional<int> daemon_pid;  ///< of a daemon that is alive
    std::vector<StageStatus> stages;
    std::vector<media_db::StatusCount> files;
    std::vector<media_db::WaitingReason> waiting;
    std::vector<media_db::Conveyor::Waiting> attention;  ///< the first few; stages[].counts has all
    std::vector<media_db::ProofCount> proofs;
    media_db::AssetCounts icloud;
    std::vector<std::string> notes;  ///< what a reader should know: weaker proof, deletion off
};

/// Throws nothing but media.db's own trouble.
StatusReport gather_status(media_db::MediaDb&, const config::Settings&, Timestamp now);
/// For a house in which nothing has run yet.
StatusReport empty_status(const config::Settings&, Timestamp now);

/// One stage's runs taken together, as `run` and `status` show them. `rows` oldest first.
StageStatus summarise(const std::vector<media_db::RunRow>& rows, bool (*alive)(const media_db::RunRow&));

struct StatusStyle {
    bool icons = false;
};
std::string status_text(const StatusReport&, StatusStyle);
/// Keys are stable.
std::string status_json(const StatusReport&, int indent = 2);
/// Prometheus text format.
std::string status_metrics(const StatusReport&);

/// Whether a process with this id exists.
bool process_exists(int pid);

/// Where the daemon notes its process id in media.db.
inline constexpr std::string_view kDaemonFact = "daemon.pid";

}  // namespace mediaferry::daemon
