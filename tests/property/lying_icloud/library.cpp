// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/library.h"

#include <algorithm>

#include "tests/property/lying_icloud/digests.h"

namespace mediaferry::lying {
namespace {

std::string type_of(const std::string& prefix) {
    if (prefix == "resOriginalVidCompl" || prefix == "resVidFull") return "com.apple.quicktime-movie";
    if (prefix == "resOriginalAlt") return "com.adobe.raw-image";
    if (prefix == "resSidecar") return "com.apple.photos.apple-adjustment-envelope";
    return "public.jpeg";
}

void add_resources(json& fields, const std::map<std::string, Content>& resources) {
    for (const auto& [prefix, content] : resources) {
        fields[prefix + "Res"] = {{"value",
                                   {{"fileChecksum", content.checksum},
                                    {"size", content.bytes.size()},
                                    {"downloadURL", "https://cvws.icloud-content.com/B/x/${f}?o=" + content.checksum}}},
                                  {"type", "ASSETID"}};
        fields[prefix + "FileType"] = {{"value", type_of(prefix)}, {"type", "STRING"}};
    }
}

json number(std::int64_t value) { return {{"value", value}, {"type", "INT64"}}; }

}  // namespace

Content::Content(std::string of) : bytes(std::move(of)), checksum(apple_checksum(bytes)), sha256(sha256_hex(bytes)) {}

std::vector<const Content*> TrueAsset::files() const {
    std::vector<const Content*> out;
    for (const auto& [prefix, content] : on_master) out.push_back(&content);
    for (const auto& [prefix, content] : on_asset) out.push_back(&content);
    return out;
}

std::string TrueAsset::fingerprint() const {
    std::vector<std::string> all;
    for (const auto* file : files()) all.push_back(file->checksum);
    std::ranges::sort(all);
    std::string joined;
    for (const auto& one : all) joined += (joined.empty() ? "" : " ") + one;
    return joined;
}

TrueAsset* Library::find(const std::string& name) {
    const auto found = std::ranges::find(assets, name, &TrueAsset::name);
    return found == assets.end() ? nullptr : &*found;
}

const TrueAsset* Library::with_master(const std::string& master) const {
    const auto found = std::ranges::find(assets, master, &TrueAsset::master);
    return found == assets.end() ? nullptr : &*found;
}

std::vector<const TrueAsset*> Library::live() const {
    std::vector<const TrueAsset*> out;
    for (const auto& asset : assets)
        if (!asset.deleted && !asset.hidden) out.push_back(&asset);
    std::ranges::sort(out, [](const auto* a, const auto* b) { return std::pair{-a->taken_ms, a->name} < std::pair{-b->taken_ms, b->name}; });
    return out;
}

TrueAlbum* Library::album(const std::string& name) {
    const auto found = std::ranges::find(albums, name, &TrueAlbum::name);
    return found == albums.end() ? nullptr : &*found;
}

bool Library::in_album(const std::string& title, const std::string& asset) const {
    return std::ranges::any_of(albums,
                               [&](const TrueAlbum& album) { return !album.deleted && album.title == title && album.members.contains(asset); });
}

void Library::touch(TrueAsset& asset) { asset.tag = "t" + std::to_string(++counter); }

void Library::put(std::map<std::string, Content>& where, const std::string& prefix, std::string bytes) {
    Content content{std::move(bytes)};
    contents[content.checksum] = content.bytes;
    where[prefix] = std::move(content);
}

void Library::put_on_master(const std::string& master, const std::string& prefix, const std::string& bytes) {
    for (auto& asset : assets)
        if (asset.master == master) put(asset.on_master, prefix, bytes);
}

json asset_record(const TrueAsset& asset) {
    json fields{{"masterRef", {{"value", {{"recordName", asset.master}, {"action", "DELETE_SELF"}}}, {"type", "REFERENCE"}}},
                {"assetDate", {{"value", asset.taken_ms}, {"type", "TIMESTAMP"}}},
                {"addedDate", {{"value", asset.added_ms}, {"type", "TIMESTAMP"}}},
                {"isHidden", number(asset.hidden)},
                {"isFavorite", number(0)}};
    if (asset.deleted) fields["isDeleted"] = number(1);
    add_resources(fields, asset.on_asset);
    return {{"recordName", asset.name}, {"recordType", "CPLAsset"}, {"recordChangeTag", asset.tag}, {"deleted", false}, {"fields", fields}};
}

json master_record(const TrueAsset& asset) {
    json fields{{"filenameEnc", {{"value", base64(asset.filename)}, {"type", "ENCRYPTED_BYTES"}}}};
    add_resources(fields, asset.on_master);
    return {{"recordName", asset.master}, {"recordType", "CPLMaster"}, {"recordChangeTag", "m1"}, {"deleted", false}, {"fields", fields}};
}

json album_record(const TrueAlbum& album) {
    json fields{
        {"albumNameEnc", {{"value", base64(album.title)}, {"type", "ENCRYPTED_BYTES"}}}, {"albumType", number(0)}, {"position", number(1024)}};
    if (album.deleted) fields["isDeleted"] = number(1);
    return {{"recordName", album.name}, {"recordType", "CPLAlbum"}, {"recordChangeTag", "a1"}, {"deleted", false}, {"fields", fields}};
}

std::string relation_name(const std::string& asset, const std::string& album) { return asset + "-IN-" + album; }

json relation_record(const std::string& asset, const std::string& album) {
    return {{"recordName", relation_name(asset, album)},
            {"recordType", "CPLContainerRelation"},
            {"recordChangeTag", "r1"},
            {"deleted", false},
            {"fields", {{"itemId", {{"value", asset}, {"type", "STRING"}}}, {"containerId", {{"value", album}, {"type", "STRING"}}}}}};
}

}  // namespace mediaferry::lying
