// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/open_house.h"

#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "common/media_db/conveyor.h"
#include "daemon/house_rows.h"

namespace mediaferry::daemon {

using media_db::Access;
using media_db::MediaDb;

MediaDb open_house(const config::Settings& settings, media_db::Doubt doubt) {
    keep_within_its_folders(settings);
    MediaDb db = media_db::open_sound(settings.database, SystemClock{}.now(), doubt);
    media_db::Conveyor{db}.set_house(house_rows(settings));
    return db;
}

MediaDb look_at_house(const config::Settings& settings) {
    keep_within_its_folders(settings);
    return MediaDb::open(settings.database, Access::read_only);
}

std::optional<MediaDb> look_if_there(const config::Settings& settings) {
    try {
        return look_at_house(settings);
    } catch (const BadInput& error) {
        if (error.code() == "db.missing") return std::nullopt;
        throw;
    }
}

}  // namespace mediaferry::daemon
