#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One file as media.db tells of it, gathered once for all parts of the audit.

#include <optional>
#include <vector>

#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"

namespace mediaferry::daemon {

struct AuditFacts {
    media_db::MediaItem item;
    std::vector<media_db::Copy> copies;                 ///< removed ones too
    std::optional<media_db::Copy> nas, library, pixel;  ///< the one that counts; of the phone's the best proven, also when it was freed

    static AuditFacts of(media_db::MediaDb&, const media_db::MediaItem&);
    /// The month's folder it lies in, for the sample.
    std::string folder() const;
};

bool proven_on_nas(const media_db::Copy&);

}  // namespace mediaferry::daemon
