// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/stage/run.h"

#include <utility>

#include "common/log/log.h"

namespace mediaferry::stage {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {
constexpr milliseconds kFlushEvery{400};
}

Run::Run(media_db::MediaDb& db, const config::Settings& settings, const Clock& clock, RunId id, fs::path scratch, std::function<bool()> stop)
    : db_(db), settings_(settings), clock_(clock), id_(id), scratch_(std::move(scratch)), stop_(std::move(stop)) {}

void Run::expect(std::int64_t more_items) {
    progress_.total += more_items;
    progressed();
}

void Run::moved(Bytes bytes) {
    progress_.bytes += bytes;
    progressed();
}

void Run::activity(const std::string& what) {
    if (what == progress_.activity) return;
    progress_.activity = what;
    progressed();
}

void Run::finished(std::int64_t items) {
    progress_.done += items;
    progressed();
}

void Run::waits(const Reason&, std::int64_t items) {
    progress_.waiting += items;
    progressed();
}

void Run::failed(std::int64_t items) {
    progress_.attention += items;
    progressed();
}

void Run::failed(const Reason& reason) {
    log::warning("not done", {{"REASON", reason.code}, {"TEXT", reason.text}});
    if (!trouble_) trouble_ = reason;
    failed(1);
}

void Run::progressed() {
    if (steady_clock::now() - last_flush_ >= kFlushEvery) flush_progress();
}

void Run::flush_progress() {
    media_db::Runs(db_).progress(id_, progress_);
    last_flush_ = steady_clock::now();
}

}  // namespace mediaferry::stage
