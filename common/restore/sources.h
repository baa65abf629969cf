#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where the bytes of an original can still be had, and the proof that what is handed out are those bytes: every file is hashed from its first to
// its last byte before it is offered. What does not hash to the SHA-256 taken on arrival (and to Apple's own checksum) is no source of anything.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/archive/archive.h"
#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/files/files.h"
#include "common/icloud/client.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::restore {

enum class From {
    local,    ///< the original in a working folder
    nas,      ///< the copy on the NAS
    library,  ///< what stays at home, where that is the original's bytes (`keep`) or a JPEG XL that gives them back
    outbox,   ///< what was laid out for the phone
    icloud,   ///< while it is there, also in Recently Deleted
};
std::string_view to_text(From);  ///< "the NAS", for a person

/// A file whose whole content has just been hashed and is the item's.
struct Proven {
    files::Descriptor file;
    From from = From::local;
};

class Sources {
public:
    /// `archive` may be nullptr: the NAS is away. `scratch` is made at need, 0700, and left empty.
    Sources(media_db::MediaDb&, const config::Settings&, const Clock&, archive::Archive*, fs::path scratch, archive::Stop);
    ~Sources();

    /// The first of `order` that has exactly these bytes. nullopt: none; `why` then says of each what it said.
    std::optional<Proven> find(const media_db::MediaItem&, const std::vector<From>& order, std::string* why = nullptr);

private:
    files::Descriptor open(const media_db::MediaItem&, From);
    files::Descriptor from_nas(const media_db::MediaItem&);
    files::Descriptor from_icloud(const media_db::MediaItem&);
    files::Descriptor from_reversible(const media_db::MediaItem&, const media_db::Copy&, const files::Descriptor& small);
    icloud::Client& client();
    files::Descriptor taken_from_scratch(const fs::path&);

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    const Clock& clock_;
    archive::Archive* archive_;
    fs::path scratch_;
    archive::Stop stop_;
    std::optional<icloud::SessionLock> session_;
    std::optional<icloud::Client> client_;
    std::optional<Reason> icloud_away_;  ///< asked once; a signed-out account is not knocked at for every file
};

/// The open file read from its beginning. Throws Interrupted when `stop` says so.
files::Digests digest_of(int file, const std::string& shown, const archive::Stop& stop);
/// The bytes that arrived: SHA-256, size, and Apple's checksum where it is known.
bool is_content_of(const files::Digests&, const media_db::MediaItem&);

}  // namespace mediaferry::restore
