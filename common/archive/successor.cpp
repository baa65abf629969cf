// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/successor.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "common/archive/known.h"
#include "common/archive/receipt.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"

namespace mediaferry::archive {
namespace {

using media_db::MediaDb;
using media_db::MediaItem;

void count_no_longer(MediaDb& db, const MediaItem& item, const media_db::Copy& copy, const Marker& successor, Timestamp now) {
    media_db::Evidence(db).removed(copy.id, now);
    media_db::Catalogue(db).set_flags(item.id, std::nullopt, false, std::nullopt, std::nullopt, now);
    const nlohmann::json detail{{"path", copy.path.string()}, {"reason", "nas.other"}, {"archive", archive_of(copy)}, {"successor", successor.uuid}};
    media_db::Events(db).add({0, now, item.id, item.asset, {}, "nas_archive", "copy_lost", detail.dump()});
}

/// Whether nas_archive is to look at the file once more: it was done, or has waited for a person.
bool has_its_turn_again(MediaDb& db, MediaId id, Timestamp now) {
    media_db::Conveyor conveyor{db};
    const auto steps = conveyor.steps(id);
    const auto step = std::ranges::find(steps, "nas_archive", &media_db::StepRow::stage);
    if (step == steps.end()) return false;
    if (step->status == pipeline::StepStatus::done) conveyor.redo(id, "nas_archive", now);
    if (step->status == pipeline::StepStatus::attention) conveyor.release(id, now);
    return true;
}

}  // namespace

Succession succeed(MediaDb& db, const Marker& marker, Timestamp now) {
    Succession result;
    media_db::Transaction transaction{db, MF_COMMIT("archive.succeed")};
    const auto before = known_uuid(db);
    remember(db, marker, now);
    constexpr std::size_t page_size = 500;
    for (MediaId at{0}; before && *before != marker.uuid;) {
        const auto page = media_db::Catalogue{db}.items_after(at, page_size);
        if (page.empty()) break;
        at = page.back().id;
        for (const auto& item : page) {
            const auto copy = media_db::Evidence{db}.current(item.id, Place::nas);
            if (copy && archive_of(*copy) == marker.uuid) continue;
            if (copy) count_no_longer(db, item, *copy, marker, now);
            if (!has_its_turn_again(db, item.id, now) || !copy) continue;
            ++result.files;
            result.not_at_home += item.local_path ? 0 : 1;
            result.bytes += item.size;
        }
    }
    transaction.commit();
    return result;
}

std::optional<Stored> found_again(const Archive& archive, MediaDb& db, const MediaItem& item, const Stop& stop) {
    media_db::Evidence evidence{db};
    std::vector<fs::path> tried;
    const auto copies = evidence.of(item.id);
    for (const auto& copy : copies | std::views::reverse) {
        if (copy.place != Place::nas || !copy.removed || copy.sha256 != item.sha256 || std::ranges::find(tried, copy.path) != tried.end()) continue;
        tried.push_back(copy.path);
        if (archive.size_of(copy.path) != item.size || !evidence.at_path(Place::nas, copy.path).empty()) continue;
        const auto answer = archive.reread(copy.path, item.sha256, stop);
        if (answer.reading == Archive::Reading::same) return Stored{copy.path, true, answer.proof, item.sha256};
    }
    return std::nullopt;
}

}  // namespace mediaferry::archive
