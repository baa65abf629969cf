// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/capsule.h"

#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"

namespace mediaferry::archive_index {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::string_view kFormat = "mediaferry capsule";
constexpr int kVersion = 1;

[[noreturn]] void damaged(const std::string& what) { throw BadInput{"capsule.damaged", "no capsule of this version: " + what}; }

Json time_or_null(const std::optional<Timestamp>& time) { return time ? Json(to_iso(*time)) : Json(nullptr); }

Json as_json(const CapsuleFile& file) {
    return {{"path", file.path},
            {"filename", file.filename},
            {"resource", to_text(file.resource)},
            {"kind", to_text(file.kind)},
            {"live_pair", file.live_pair},
            {"size", file.size.count},
            {"sha256", to_hex(file.sha256)},
            {"apple_checksum", file.apple_checksum},
            {"file_type", file.file_type},
            {"taken", to_iso(file.taken)},
            {"archived", to_iso(file.archived)},
            {"read_back", time_or_null(file.read_back)},
            {"at_google", file.at_google},
            {"incoming", file.incoming}};
}

Json as_json(const CapsuleAsset& asset) {
    auto files = Json::array();
    for (const auto& file : asset.files) files.push_back(as_json(file));
    return {{"account", asset.account},
            {"library", asset.library},
            {"record", asset.record},
            {"master", asset.master},
            {"change_tag", asset.change_tag},
            {"filename", asset.filename},
            {"taken", to_iso(asset.taken)},
            {"added", to_iso(asset.added)},
            {"favourite", asset.favourite},
            {"hidden", asset.hidden},
            {"title", asset.title},
            {"caption", asset.caption},
            {"albums", asset.albums},
            {"deleted_from_icloud", time_or_null(asset.deleted)},
            {"gone_from_icloud", time_or_null(asset.gone)},
            {"files", files}};
}

Timestamp time_of(const Json& json, const char* key) {
    const auto time = from_iso(json.at(key).get<std::string>());
    if (!time) damaged(std::string(key) + " is no time");
    return *time;
}

std::optional<Timestamp> maybe_time(const Json& json, const char* key) {
    if (!json.contains(key) || json[key].is_null()) return std::nullopt;
    return time_of(json, key);
}

template <class T>
T known(const std::optional<T>& value, const char* what) {
    if (!value) damaged(std::string("unknown ") + what);
    return *value;
}

/// Whoever writes to the NAS writes here: a name that leads anywhere else is no name of ours.
std::string below(const std::string& path, bool one_component) {
    if (path.empty() || path.front() == '/' || path.find('\0') != std::string::npos) damaged("a path that is none");
    for (std::size_t at = 0; at <= path.size();) {
        const auto end = std::min(path.find('/', at), path.size());
        const auto part = std::string_view(path).substr(at, end - at);
        if (part.empty() || part == "." || part == ".." || part.size() > 255) damaged("a path that leads elsewhere");
        at = end + 1;
    }
    if (one_component && path.find('/') != std::string::npos) damaged("a file name with a folder in it");
    return path;
}

CapsuleFile file_from(const Json& json) {
    CapsuleFile file;
    file.path = below(json.at("path"), false);
    file.filename = below(json.at("filename"), true);
    file.resource = known(resource_kind_from_text(json.at("resource").get<std::string>()), "resource");
    file.kind = known(media_kind_from_text(json.at("kind").get<std::string>()), "kind");
    file.live_pair = json.at("live_pair");
    file.size = Bytes{json.at("size").get<std::uint64_t>()};
    file.sha256 = known(sha256_from_hex(json.at("sha256").get<std::string>()), "sha256");
    file.apple_checksum = json.at("apple_checksum");
    file.file_type = json.at("file_type");
    file.taken = time_of(json, "taken");
    file.archived = time_of(json, "archived");
    file.read_back = maybe_time(json, "read_back");
    file.at_google = json.at("at_google");
    for (const auto& place : json.at("incoming").get<std::vector<std::string>>()) file.incoming.push_back(below(place, false));
    return file;
}

CapsuleAsset asset_from(const Json& json) {
    CapsuleAsset asset;
    for (const auto& [key, text] : std::initializer_list<std::pair<const char*, std::string*>>{{"account", &asset.account},
                                                                                               {"library", &asset.library},
                                                                                               {"record", &asset.record},
                                                                                               {"master", &asset.master},
                                                                                               {"change_tag", &asset.change_tag},
                                                                                               {"filename", &asset.filename},
                                                                                               {"title", &asset.title},
                                                                                               {"caption", &asset.caption}})
        *text = json.at(key).get<std::string>();
    asset.taken = time_of(json, "taken");
    asset.added = time_of(json, "added");
    asset.favourite = json.at("favourite");
    asset.hidden = json.at("hidden");
    asset.albums = json.at("albums").get<std::vector<std::string>>();
    asset.deleted = maybe_time(json, "deleted_from_icloud");
    asset.gone = maybe_time(json, "gone_from_icloud");
    for (const auto& file : json.at("files")) asset.files.push_back(file_from(file));
    return asset;
}

}  // namespace

std::string account_hash(std::string_view account) {
    return to_hex(files::digest_bytes("mediaferry account " + std::string(account)).sha256).substr(0, 16);
}

std::string to_json(std::string_view folder, const std::vector<CapsuleAsset>& assets) {
    auto list = Json::array();
    for (const auto& asset : assets) list.push_back(as_json(asset));
    const Json capsule{{"format", kFormat}, {"version", kVersion}, {"folder", folder}, {"assets", list}};
    return capsule.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<CapsuleAsset> capsule_from_json(std::string_view text) {
    try {
        const auto json = Json::parse(text);
        if (!json.is_object() || json.value("format", "") != kFormat) damaged("another format");
        if (json.value("version", 0) != kVersion) damaged("written by a newer mediaferry");
        std::vector<CapsuleAsset> assets;
        for (const auto& asset : json.at("assets")) assets.push_back(asset_from(asset));
        return assets;
    } catch (const nlohmann::json::exception& error) {
        damaged(error.what());
    }
}

}  // namespace mediaferry::archive_index
