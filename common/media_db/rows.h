#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of media.db as the rest of the house sees them.

#include <optional>
#include <string>
#include <vector>

#include "common/errors/errors.h"
#include "common/pipeline/step.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/ids.h"
#include "common/types/kinds.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::media_db {

/// One file that iCloud lists for an asset.
struct ListedResource {
    ResourceKind kind = ResourceKind::original;
    std::string checksum;  ///< Apple's fileChecksum
    Bytes size;
    std::string file_type;  ///< uniform type identifier, "public.heic"
};

/// One asset as a census saw it.
struct ListedAsset {
    std::string record_name, master_name, change_tag, filename;
    Timestamp taken, added;
    bool hidden = false, favourite = false;
    std::vector<ListedResource> resources;
    std::string title, caption;  ///< as the owner wrote them in Photos; "" for none
};

struct Asset {
    AssetId id;
    std::string account, library, record_name, master_name, change_tag, filename;
    Timestamp taken, added;
    bool hidden = false, favourite = false, listed = true;
    std::optional<Timestamp> filed, vetoed, deleted, gone;
    std::string filed_tag;
    std::optional<Reason> hold;
};

struct Resource {
    ResourceId id;
    AssetId asset;
    ResourceKind kind = ResourceKind::original;
    std::string checksum;
    Bytes size;
    std::string file_type;
    bool listed = true;
    std::string state;  ///< missing | taken | attention
    int attempts = 0;
    Timestamp not_before;
    std::optional<Reason> reason;
};

/// One file of the house.
struct MediaItem {
    MediaId id;
    std::optional<AssetId> asset;
    std::optional<ResourceId> resource_id;
    std::string filename;   ///< original name, "IMG_0001.HEIC"
    std::string icloud_id;  ///< CPLAsset record name
    ResourceKind resource = ResourceKind::original;
    MediaKind kind = MediaKind::photo;
    bool live_pair = false;
    Sha256 sha256;
    std::string apple_checksum;
    Bytes size;  ///< of the original
    Bytes current_size;
    Timestamp taken;
    std::optional<fs::path> local_path;  ///< the original, absolute; absent once removed
    std::string status;
    bool synced_google = false, synced_nas = false, album_moved = false, deleted_icloud = false;
    std::string compression_metadata;  ///< JSON or ""
};

/// What take_in() needs to know of a new file.
struct NewMedia {
    std::optional<AssetId> asset;
    std::optional<ResourceId> resource;
    std::string filename, icloud_id;
    ResourceKind resource_kind = ResourceKind::original;
    MediaKind kind = MediaKind::photo;
    bool live_pair = false;
    Sha256 sha256;
    std::string apple_checksum;
    Bytes size;
    Timestamp taken;
    fs::path local_path;
    std::string fetched_by;          ///< "icloudpd" | "own client" | "same content": told in the event
    std::optional<MediaId> id = {};  ///< the number it must get; absent: the next free one
};

/// Evidence of one copy.
struct Copy {
    CopyId id;
    MediaId media;
    Place place = Place::local;
    fs::path path;  ///< relative to the place's root
    Sha256 sha256;
    Bytes size;
    std::string proof;  ///< staged | delivered | dwelt | freed (pixel); read_back | settled (nas); decoded (library); placed (local)
    Timestamp written;
    std::optional<Timestamp> proven, checked, removed;
    std::string receipt;  ///< JSON: how it was proven
};

/// A file's row in the conveyor for one stage.
struct StepRow {
    MediaId media;
    std::string stage;
    bool open = false;
    pipeline::StepStatus status = pipeline::StepStatus::pending;
    int attempts = 0, deaths = 0;
    Timestamp not_before;
    std::optional<Reason> reason;
    std::optional<Timestamp> started, finished;
};

}  // namespace mediaferry::media_db
