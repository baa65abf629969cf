// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "daemon/progress_line.h"
#include "daemon/status_report.h"
#include "daemon/table.h"

using namespace mediaferry;
using namespace mediaferry::daemon;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

const Timestamp at = from_iso("2025-01-15T14:31:15Z").value();

StageStatus stage(int number, const char* name, const char* state) {
    StageStatus result;
    result.number = number;
    result.stage = name;
    result.state = state;
    return result;
}

/// The workflow of the user's own example: two steps done, the third at work.
StatusReport example() {
    StatusReport report;
    report.at = at;
    report.version = "1.2.3";
    report.workflow = media_db::WorkflowRow{WorkflowId{1}, "workflow_20250115_143000", "run", 1, at - 75s, {}, {}, "icloud_download", "cleanup"};
    report.state = "running";
    report.percent = 37.5;
    report.current = 3;
    report.files_processed = 15;
    auto verify = stage(3, "pixel_verify", "running");
    verify.done = verify.total = 5;
    verify.started = at - 45s;
    verify.activity = "waiting for the phone";
    verify.counts.attention = 1;
    report.stages = {stage(1, "icloud_download", "completed"), stage(2, "pixel_sync", "completed"), verify, stage(4, "nas_archive", "off")};
    report.waiting = {{"nas_archive", {"nas.unmounted", "the NAS is not mounted"}, 3, at + 10min}};
    media_db::Conveyor::Waiting person;
    person.item.id = MediaId{17};
    person.item.filename = "IMG_0017.HEIC";
    person.step.stage = "pixel_verify";
    person.step.reason = Reason{"pixel.changed", "the phone has another version"};
    report.attention = {person};
    report.proofs = {{"nas", "settled", 12, Bytes{3 << 20}}};
    report.files = {{"downloaded", 4, Bytes{4 << 20}, Bytes{4 << 20}}};
    report.icloud.listed = 9;
    report.notes = {"deletion from iCloud is switched off (icloud_delete.enabled)"};
    return report;
}

}  // namespace

TEST_CASE("status reads as the user drew it", "[status]") {
    CHECK(status_text(example(), {}) == R"(============================================================
WORKFLOW STATUS: workflow_20250115_143000
============================================================
Status: running
Progress: 37.5%
Current Step: 3
Files Processed: 15
Daemon: not running

Step Details:
  Step 1: icloud_download (completed)
  Step 2: pixel_sync (completed)
  Step 3: pixel_verify (running)
    Files: 5/5
    Duration: 45.0s
    Now: waiting for the phone
  Step 4: nas_archive (off)

Waiting:
  nas_archive: 3 files: the NAS is not mounted (in 10m 0s)

Needs a person: 1 file (mediaferry attention)
  17 IMG_0017.HEIC: pixel_verify: the phone has another version

Files:
  status      files  original      now
  downloaded      4   4.0 MiB  4.0 MiB

iCloud: 9 assets listed, 0 in the album, 0 held back, 0 deleted

Copies:
  place  proof    files    bytes
  nas    settled     12  3.0 MiB

Note: deletion from iCloud is switched off (icloud_delete.enabled)
============================================================
)");
}

TEST_CASE("icons are for terminals only", "[status]") {
    CHECK_THAT(status_text(example(), {true}), Contains("✅ Step 1") && Contains("🔄 Step 3"));
    CHECK_THAT(status_text(example(), {false}), !Contains("✅"));
}

TEST_CASE("status as JSON has stable keys", "[status]") {
    const auto json = nlohmann::json::parse(status_json(example()));
    CHECK(json["workflow"]["name"] == "workflow_20250115_143000");
    CHECK(json["workflow"]["status"] == "running");
    CHECK(json["workflow"]["progress_percent"] == 37.5);
    CHECK(json["workflow"]["current_stage"] == "pixel_verify");
    CHECK(json["workflow"]["files_processed"] == 15);
    CHECK(json["stages"][2]["files"]["done"] == 5);
    CHECK(json["stages"][2]["duration_seconds"] == 45);
    CHECK(json["stages"][3]["status"] == "off");
    CHECK(json["waiting"][0]["code"] == "nas.unmounted");
    CHECK(json["attention"]["files"] == 1);
    CHECK(json["attention"]["first"][0]["id"] == 17);
    CHECK(json["proofs"][0]["proof"] == "settled");
    CHECK(json["daemon"]["running"] == false);
}

TEST_CASE("status before anything has run says so", "[status]") {
    StatusReport report;
    report.at = at;
    CHECK_THAT(status_text(report, {}), Contains("WORKFLOW STATUS: nothing has run yet"));
    CHECK(nlohmann::json::parse(status_json(report))["workflow"].is_null());
}

TEST_CASE("metrics are lines that Prometheus reads", "[status]") {
    CHECK_THAT(status_metrics(example()), Contains("mediaferry_stage_files{stage=\"pixel_verify\",state=\"attention\"} 1\n") &&
                                              Contains("# TYPE mediaferry_copies gauge\nmediaferry_copies{place=\"nas\",proof=\"settled\"} 12\n"));
}

TEST_CASE("several processes of a stage are told as one", "[status]") {
    media_db::RunRow one, two;
    one.total = 10, one.done = 4, one.started = at - 30s, one.finished = at - 10s, one.exit_code = 0, one.bytes = Bytes{100};
    two = one;
    two.done = 7, two.started = at - 29s, two.finished.reset(), two.exit_code.reset(), two.activity = "IMG_2.MOV";
    const auto together = summarise({one, two}, [](const media_db::RunRow&) { return true; });
    CHECK(together.state == "running");
    CHECK(together.done == 11);
    CHECK(together.total == 11);  // ten were in sight, more came
    CHECK(together.bytes == Bytes{200});
    CHECK(together.activity == "IMG_2.MOV");
    CHECK(together.started == at - 30s);
    CHECK_FALSE(together.finished.has_value());
    CHECK(summarise({one, two}, [](const media_db::RunRow&) { return false; }).state == "died");
}

TEST_CASE("the progress line shows files, bytes, rate and time left", "[progress]") {
    const ProgressView view{3, 9, "pixel_verify", 10, 40, Bytes{20 << 20}, 10s, "IMG_0001.HEIC"};
    CHECK(progress_line(view, {120, false, true}) ==
          "3/9 pixel_verify █████░░░░░░░░░░░░░░░ 10/40 files  20.0 MiB  2.0 MiB/s  30.0s left  IMG_0001.HEIC");
    CHECK(progress_line(view, {120, false, false}) ==
          "3/9 pixel_verify #####--------------- 10/40 files  20.0 MiB  2.0 MiB/s  30.0s left  IMG_0001.HEIC");
}

TEST_CASE("the progress line never wraps and never lies about what it does not know", "[progress]") {
    const ProgressView view{6, 9, "compress", 0, 0, {}, 0ms, std::string(300, 'x')};
    CHECK(shown_width(progress_line(view, {80, false, true})) == 79);
    CHECK_THAT(progress_line(view, {80, false, true}), Contains("0/? files") && !Contains("left"));
    CHECK_THAT(progress_line(view, {80, true, true}), Contains("\x1b[1m"));
}

TEST_CASE("columns line up whatever the alphabet", "[table]") {
    Table table{{"file", ">bytes"}};
    table.add({"Größe.jpg", "5"});
    table.add({"a.jpg", "1234"});
    CHECK(table.text() == "file       bytes\nGröße.jpg      5\na.jpg       1234\n");
}
