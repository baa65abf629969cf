#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// media.db, opened and told what the house looks like under this config.

#include <optional>

#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/media_db/soundness.h"

namespace mediaferry::daemon {

/// To change it: made if absent, migrated if old, looked at before anything is touched (common/media_db/soundness.h), the stage table mirrored.
media_db::MediaDb open_house(const config::Settings&, media_db::Doubt = media_db::Doubt::none);
/// To look at it; throws BadInput ("db.missing") when nothing has run yet.
media_db::MediaDb look_at_house(const config::Settings&);
/// The same; nullopt when nothing has run yet.
std::optional<media_db::MediaDb> look_if_there(const config::Settings&);

}  // namespace mediaferry::daemon
