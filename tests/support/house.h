#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A house for one test: temporary folders, a real media.db, settings to change before the first use of db(), a clock that is moved by hand.
// run() works the stage whose objects the test program is linked with.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/settings.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/media_db.h"
#include "common/media_db/runs.h"
#include "common/stage/stage.h"
#include "common/stage/worker.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

extern "C" mediaferry::stage::Stage* mediaferry_create_stage(const mediaferry::config::Settings&);

namespace mediaferry::test {

struct Sample {
    std::string content = noise(20'000, 1);
    MediaKind kind = MediaKind::photo;
    ResourceKind resource = ResourceKind::original;
    Timestamp taken{std::chrono::seconds{1717236000}};  // 2024-06-01T10:00:00Z
    std::optional<AssetId> asset;                       ///< absent: an asset of its own
    std::string folder = "backup";                      ///< working folder its original lies in
    bool live_pair = false;
};

class House {
public:
    House();

    TempDir dir;
    ManualClock clock;
    config::Settings settings;  ///< every stage on, archive.settle 24h, pixel dwell 48h; root below dir

    media_db::MediaDb& db();  ///< opened (and the house set) at the first call
    fs::path nas() const { return dir / "nas"; }
    fs::path folder(const std::string& name) const { return dir / "media" / name; }

    /// A file as icloud_download leaves it: on disk with its capture date as mtime, row, steps, asset, resource.
    MediaId downloaded(const std::string& name, const Sample& = {});
    /// An asset with one listed resource per given (kind, content).
    AssetId asset(const std::string& record_name, const std::string& filename, Timestamp taken = Sample{}.taken);
    /// Marks earlier stages done for the item, up to and including `stage`, as if they had run.
    void done_up_to(MediaId, std::string_view stage);

    stage::WorkResult run(std::string_view stage_name, const stage::WorkOptions& options = {}) {
        const std::unique_ptr<stage::Stage> room{mediaferry_create_stage(settings)};
        return run(*room, stage_name, options);
    }
    stage::WorkResult run(stage::Stage&, std::string_view stage_name, const stage::WorkOptions& = {});
    const std::vector<std::string>& told() const { return told_; }  ///< by the last run
    const media_db::Runs::Progress& progress() const { return progress_; }

    media_db::MediaItem item(MediaId);
    media_db::StepRow step(MediaId, std::string_view stage);
    pipeline::StepStatus status(MediaId id, std::string_view stage) { return step(id, stage).status; }
    /// Reason code of the step, "" when it has none.
    std::string reason(MediaId, std::string_view stage);
    std::optional<media_db::Copy> copy(MediaId, Place);

    bool stop = false;  ///< what run.stop_requested() answers

private:
    std::optional<media_db::MediaDb> db_;
    std::vector<std::string> told_;
    media_db::Runs::Progress progress_;
    int assets_made_ = 0;
};

}  // namespace mediaferry::test
