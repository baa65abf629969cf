// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/original.h"

#include "common/archive/known.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {

fs::path original_of(stage::Run& run, const media_db::MediaItem& item) {
    if (item.local_path && files::is_file(*item.local_path)) {
        // A decode without errors is no proof of integrity (facts/compression.md 0.9): the bytes must be those that arrived.
        if (files::digest_file(*item.local_path).sha256 != item.sha256)
            throw NeedsPerson{"local.changed", "the original at " + item.local_path->string() + " is not what arrived; the NAS has the right one"};
        return *item.local_path;
    }
    const auto copy = media_db::Evidence(run.db()).current(item.id, Place::nas);
    if (!run.settings().archive.enabled || !copy)
        throw NeedsPerson{"original.missing", "the original of " + item.filename + " is neither here nor on the NAS"};
    const auto archive = archive::open_known(run.db(), run.settings().archive, run.now());
    const auto here = run.scratch() / (std::to_string(item.id.value) + fs::path(item.filename).extension().string());
    MF_AROUND("compress.original.remove_old", fs::remove(here));
    MF_AROUND("compress.original.fetch", archive.fetch(copy->path, item.sha256, here, item.taken, run.stop()));
    return here;
}

}  // namespace mediaferry::stages
