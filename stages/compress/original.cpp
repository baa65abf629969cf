// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/original.h"

#include "common/archive/known.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {
namespace {

fs::path fetched(stage::Run& run, const media_db::MediaItem& item, const media_db::Copy& copy) {
    const auto archive = archive::open_known(run.db(), run.settings().archive, run.now());
    const auto here = run.scratch() / (std::to_string(item.id.value) + fs::path(item.filename).extension().string());
    MF_AROUND("compress.original.remove_old", fs::remove(here));
    MF_AROUND("compress.original.fetch", archive.fetch(copy.path, item.sha256, here, item.taken, run.stop()));
    return here;
}

}  // namespace

Original original_of(stage::Run& run, const media_db::MediaItem& item, const std::optional<Reason>& away) {
    if (item.local_path && files::is_file(*item.local_path)) {
        // A decode without errors is no proof of integrity (facts/compression.md 0.9): the bytes must be those that arrived.
        if (files::digest_file(*item.local_path).sha256 != item.sha256)
            throw NeedsPerson{"local.changed", "the original at " + item.local_path->string() + " is not what arrived; the NAS has the right one"};
        return {*item.local_path, {}};
    }
    media_db::Evidence evidence{run.db()};
    const auto copy = evidence.current(item.id, Place::nas);
    if (!run.settings().archive.enabled || !copy)
        throw NeedsPerson{"original.missing", "the original of " + item.filename + " is neither here nor on the NAS"};
    if (away) return {{}, away};
    // Also where library/ holds the whole original: reading the NAS's proves it before the last whole copy at home makes way for a small one.
    try {
        return {fetched(run, item, *copy), {}};
    } catch (const Unavailable& error) {
        return {{}, error.reason()};
    }
}

}  // namespace mediaferry::stages
