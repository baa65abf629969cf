#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What `mediaferry queue list` and the status page tell of the queue.

#include <map>
#include <string>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/queue.h"

namespace mediaferry::daemon {

struct QueueReport {
    struct Row {
        media_db::QueuedAction action;
        std::map<std::string, media_db::Cse> classes;  ///< copied, skipped, errors by class of files
    };
    std::vector<Row> rows;  ///< in the order of work
    std::string next;       ///< the target that a run takes up first; empty: none
};

QueueReport gather_queue(media_db::MediaDb&);
std::string queue_json(const QueueReport&);
std::string queue_table(const QueueReport&);

}  // namespace mediaferry::daemon
