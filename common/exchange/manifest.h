#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What lies beside exported files and tells the other house what they are: one JSON object a line, the list first, then one photo a line, and a last
// line with the SHA-256 of all before it. It comes from somebody else, so it is believed only as a whole: one wrong line and nothing of it is used.

#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/exchange.h"
#include "common/types/bytes.h"
#include "common/types/kinds.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::exchange {

inline constexpr std::string_view kManifestName = "mediaferry-exchange.jsonl";
inline constexpr std::size_t kMostFiles = 1'000'000;           ///< in one list
inline constexpr std::uint64_t kLongestManifest = 2ULL << 30;  ///< bytes

struct OfferedFile {
    std::string path;      ///< relative to the manifest; plain components only
    std::string filename;  ///< original name, one plain component
    ResourceKind resource = ResourceKind::original;
    MediaKind kind = MediaKind::photo;
    Sha256 sha256;
    Bytes size;
    friend bool operator==(const OfferedFile&, const OfferedFile&) = default;
};

struct OfferedPhoto {
    media_db::SharedPhoto photo;
    std::vector<OfferedFile> files;
    friend bool operator==(const OfferedPhoto&, const OfferedPhoto&) = default;
};

struct Manifest {
    std::string list, archive;  ///< the list's id, and that of the archive that made it
    Timestamp made;
    std::vector<OfferedPhoto> photos;
    std::size_t files() const;
    Bytes bytes() const;
    friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// Pure. Throws BadInput: exchange.manifest (not one, cut short, a value out of its bounds), exchange.path (a path that leaves the folder, is
/// absolute, holds control characters, or is there twice), exchange.too_many. The text names the line.
Manifest parse_manifest(std::string_view text);
std::string to_text(const Manifest&);

/// "exchange-20260115_143022-1a2b3c4d": names a list, and the folder that its files lie in.
bool is_list_id(std::string_view);

/// One component that names a file or folder below where it stands, and nothing else: not empty, "." or "..", no slash, no control character,
/// at most 255 bytes of valid UTF-8.
bool is_plain_name(std::string_view);
/// Plain components joined by single slashes.
bool is_plain_path(std::string_view);

}  // namespace mediaferry::exchange
