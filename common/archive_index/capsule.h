#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the photos of a folder are, beside them in the archive: mediaferry.json, readable by people and enough to make media.db again, and an XMP
// sidecar a photo for other programs. Pure: texts from values and back.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/bytes.h"
#include "common/types/kinds.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::archive_index {

/// One archived file.
struct CapsuleFile {
    std::string path;      ///< in the archive
    std::string filename;  ///< as the camera called it
    ResourceKind resource = ResourceKind::original;
    MediaKind kind = MediaKind::photo;
    bool live_pair = false;
    Bytes size;
    Sha256 sha256;
    std::string apple_checksum, file_type;
    Timestamp taken, archived;
    std::optional<Timestamp> read_back;
    bool at_google = false;
    std::vector<std::string> incoming;  ///< where icloudpd had put it, below incoming/
    friend bool operator==(const CapsuleFile&, const CapsuleFile&) = default;
};

/// A photo as iCloud counts it. A file that iCloud never listed is in one without a record.
struct CapsuleAsset {
    std::string account;  ///< hash of the Apple account (account_hash): the archive does not name it
    std::string library, record, master, change_tag, filename;
    Timestamp taken, added;
    bool favourite = false, hidden = false;
    std::string title, caption;
    std::vector<std::string> albums;
    std::optional<Timestamp> deleted;  ///< from iCloud, by mediaferry
    std::optional<Timestamp> gone;     ///< from iCloud, by somebody else
    std::vector<CapsuleFile> files;
    friend bool operator==(const CapsuleAsset&, const CapsuleAsset&) = default;
};

std::string account_hash(std::string_view account);

/// The text of mediaferry.json; the same assets always give the same text.
std::string to_json(std::string_view folder, const std::vector<CapsuleAsset>&);
/// Throws BadInput ("capsule.damaged"): it is outside data.
std::vector<CapsuleAsset> capsule_from_json(std::string_view);

/// The sidecar of an asset's first file.
std::string to_xmp(const CapsuleAsset&);
/// Whether such a text is a sidecar of ours, and may be replaced.
bool is_our_xmp(std::string_view);

/// SHA256SUMS as sha256sum -c reads it, by name; names with a backslash or a line break are escaped as it does.
std::string sums_text(const std::map<std::string, Sha256>&);
/// Lines that are none are passed over.
std::map<std::string, Sha256> sums_from_text(std::string_view);

}  // namespace mediaferry::archive_index
