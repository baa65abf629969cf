// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/nas_archive/incoming.h"

#include "common/archive/naming.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {

fs::path archive_place(media_db::MediaDb& db, const archive::Layout& layout, const media_db::MediaItem& item) {
    archive::Described file{item.filename, item.taken, item.kind, ""};
    if (item.asset) {
        media_db::Catalogue catalogue{db};
        if (const auto asset = catalogue.asset(*item.asset)) file.account = asset->account;
        for (const auto& one : catalogue.items_of(*item.asset))
            if (one.resource == ResourceKind::original) file.taken = one.taken;
    }
    return layout.place(file);
}

std::vector<archive::Sibling> siblings_of(media_db::MediaDb& db, const archive::Layout& layout, const media_db::MediaItem& item) {
    std::vector<archive::Sibling> siblings;
    if (!item.asset) return siblings;
    const auto place = archive_place(db, layout, item);
    for (const auto& other : media_db::Catalogue(db).items_of(*item.asset)) {
        const auto there = archive_place(db, layout, other);
        if (other.id == item.id || there.parent_path() != place.parent_path()) continue;
        const auto name = there.filename().string();
        // Of one full name they need different numbers anyway.
        if (archive::folded_stem(name) != archive::folded_stem(place.filename().string()) ||
            archive::folded(name) == archive::folded(place.filename().string()))
            continue;
        const auto copy = media_db::Evidence(db).current(other.id, Place::nas);
        siblings.push_back({name, other.sha256, other.size, copy ? std::optional{copy->path} : std::nullopt});
    }
    return siblings;
}

}  // namespace mediaferry::stages
