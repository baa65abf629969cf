#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The door: a file whose content iCloud vouches for becomes a row and an original in backup/.

#include <string>

#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

/// Where a file that is taken in comes from.
enum class Source {
    icloudpd,      ///< arrived in incoming/
    own_client,    ///< fetched by us
    same_content,  ///< the original of another asset with the same content: it must not be touched, the phone may share its inode
};

/// Takes `file` in as `resource`: its content (already hashed: `digests`, equal to Apple's checksum) is shared into backup/, the row is written. The
/// file itself stays where it is; what happens to it is the caller's business. Finds what a crash left: an original of this content without a row is
/// adopted.
MediaId take_in(stage::Run&, const fs::path& file, const files::Digests& digests, const media_db::Resource& resource, Source);

/// Whether an error means that no further file can be written: the run ends, and no file is to blame.
bool nothing_more_fits(const Error&);

/// The first 64 bytes: enough to tell what kind of file it is.
std::string head_of(const fs::path& file);

}  // namespace mediaferry::stages
