#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// media.db made again from the archive alone, after it and the local disk are lost: from the capsules beside the photos. Nothing that they claim
// counts as proof: every file is read back now and settles anew, and what Google has must be shown anew before anything is deleted from iCloud.

#include <functional>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "common/media_db/media_db.h"

namespace mediaferry::archive_index {

struct Rebuilt {
    std::int64_t photos = 0, files = 0;
    std::int64_t brought_home = 0;  ///< originals copied back because the phone has not had them yet
    std::int64_t strangers = 0;     ///< files of another Apple account, or that iCloud never listed
    Bytes bytes;
    /// Files that are not in the archive as their capsule says: left out; iCloud may still have them, and the next run fetches them then.
    std::vector<std::pair<std::string, Reason>> missing;
    std::vector<std::pair<std::string, Reason>> unreadable;  ///< capsules
};

/// Throws BadInput ("db.not_empty") for a media.db that knows photos.
void refuse_used(media_db::MediaDb&);

/// Into an empty media.db; throws BadInput ("db.not_empty") otherwise. A photo whose way was not finished gets its original back into
/// folders.backup; placeholders stand in folders.incoming again, so that icloudpd fetches nothing twice. After a crash it begins again with
/// an empty one (files brought home are found there and used). `each` is told every file.
Rebuilt rebuild(const archive::Archive&, media_db::MediaDb&, const config::Settings&, Timestamp now, const archive::Stop& = {},
                const std::function<void(const Rebuilt&)>& each = {});

}  // namespace mediaferry::archive_index
