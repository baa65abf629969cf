#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What is really in the cloud: the truth that the lies are told about. Only a person's hand and a deletion that took effect change it.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace mediaferry::lying {

using nlohmann::json;

struct Content {
    std::string bytes, checksum, sha256;  ///< both read by digests.h
    explicit Content(std::string of);
    Content() = default;
};

struct TrueAsset {
    std::string name, master, filename, tag;
    std::int64_t taken_ms = 0, added_ms = 0;
    bool hidden = false, deleted = false;
    std::map<std::string, Content> on_master, on_asset;  ///< "resOriginal" -> …; on_asset: edits
    /// Every file that is not a rendition.
    std::vector<const Content*> files() const;
    std::string fingerprint() const;  ///< all checksums, sorted
};

struct TrueAlbum {
    std::string name, title;
    bool deleted = false;
    std::set<std::string> members;
};

struct Library {
    std::vector<TrueAsset> assets;
    std::vector<TrueAlbum> albums;
    std::map<std::string, std::string> contents;  ///< checksum -> bytes, everything that was ever there
    std::uint32_t counter = 46655;

    TrueAsset* find(const std::string& name);
    const TrueAsset* with_master(const std::string& master) const;
    std::vector<const TrueAsset*> live() const;  ///< newest first, as the index ranks them
    TrueAlbum* album(const std::string& name);
    bool in_album(const std::string& title, const std::string& asset) const;
    void touch(TrueAsset&);
    void put(std::map<std::string, Content>& where, const std::string& prefix, std::string bytes);
    /// A master is one record, however many assets stand on it: all of them have another file then, whichever of their tags tells.
    void put_on_master(const std::string& master, const std::string& prefix, const std::string& bytes);
};

/// A record as CloudKit gives it (facts/icloud.md C).
json asset_record(const TrueAsset&);
json master_record(const TrueAsset&);
json album_record(const TrueAlbum&);
json relation_record(const std::string& asset, const std::string& album);
std::string relation_name(const std::string& asset, const std::string& album);

}  // namespace mediaferry::lying
