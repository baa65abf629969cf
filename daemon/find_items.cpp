// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/find_items.h"

#include "common/media_db/catalogue.h"

namespace mediaferry::daemon {

std::vector<media_db::MediaItem> items_meant(media_db::MediaDb& db, const std::string& what) {
    const media_db::Catalogue catalogue{db};
    auto found = catalogue.find(what);
    if (found.empty() && what.find('/') != std::string::npos) found = catalogue.find(fs::weakly_canonical(what).string());
    if (found.empty() && what.find('/') != std::string::npos) found = catalogue.find(fs::path{what}.filename().string());
    if (found.empty()) throw BadInput{"item.unknown", "no file '" + what + "' in media.db (an id, a file name, a path or an iCloud record name)"};
    return found;
}

media_db::MediaItem item_meant(media_db::MediaDb& db, const std::string& id) {
    auto found = items_meant(db, id);
    if (found.size() == 1) return found.front();
    std::string ids;
    for (const auto& item : found) ids += " " + std::to_string(item.id.value);
    throw BadInput{"item.several", "'" + id + "' names several files; give one id of:" + ids};
}

}  // namespace mediaferry::daemon
