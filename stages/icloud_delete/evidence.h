#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The question of the house: may this asset be deleted from iCloud? Pure: yes, or the reason why not (I1).

#include <optional>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "common/icloud/client.h"
#include "common/media_db/rows.h"

namespace mediaferry::stages {

/// One file of the asset, with what the harbours say of it right now; nullopt = proven there.
struct FileProof {
    media_db::MediaItem item;
    bool marked = false;           ///< icloud_mark is done for it
    std::optional<Reason> nas;     ///< asked only if the NAS is required
    std::optional<Reason> google;  ///< asked only if Google is required and the kind is sent to the phone
    bool sent_to_phone = true;     ///< its kind is one that goes to the phone
};

struct Case {
    media_db::Asset asset;
    icloud::Looked looked;                                      ///< what iCloud says of it, asked now
    icloud::Membership in_album = icloud::Membership::unknown;  ///< of DeletePending, read now
    std::vector<media_db::Resource> resources;                  ///< listed resources in the catalogue
    std::vector<media_db::MediaItem> items;                     ///< its files
};

/// What media.db alone can say: a veto (only a person's redo of icloud_mark lifts it), keep_days.
std::optional<Reason> why_not_by_the_books(const media_db::Asset&, const config::ICloudDelete&, Timestamp now);

/// What can be told without reading a byte: the books, album, change tag, every resource that iCloud lists *now* has a file whose content checksum is
/// Apple's. nullopt: go on to the proofs.
std::optional<Reason> why_not_yet(const Case&, const config::ICloudDelete&, Timestamp now);

/// What the harbours must say of each file. nullopt: proven in every harbour that icloud_delete.require names.
std::optional<Reason> why_not_proven(const std::vector<FileProof>&, const config::ICloudDelete&);

/// The checksums a plan item stands for, sorted, joined by blanks: a later edit makes it void.
std::string fingerprint(const std::vector<media_db::Resource>&);

/// How many assets one run may delete: max_per_run and max_share of what iCloud lists, but one at least; 0 when either is 0.
std::size_t cap(const config::ICloudDelete&, std::int64_t listed);

}  // namespace mediaferry::stages
