#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry db adopt --from-archive`.

#include "common/config/settings.h"

namespace mediaferry::daemon {

/// media.db made again from the archive alone. 0; 1: something in the archive is not as its capsules say; 65: there is a media.db with photos.
int db_adopt_from_archive(const config::Settings&, bool json);

}  // namespace mediaferry::daemon
