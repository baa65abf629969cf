// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/assets.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "common/icloud/names.h"
#include "common/icloud/wire.h"
#include "common/types/utf8.h"

namespace mediaferry::icloud {
namespace {

using nlohmann::json;
using wire::at;
using wire::field;
using wire::number;
using wire::text;

enum class On { master, asset };
struct Known {
    std::string_view prefix;
    On on;
    std::optional<ResourceKind> kind;  ///< nullopt: a rendition, made by Apple from the others
};
// The same prefix means different things on the two records: on the asset resJPEGFull is the edit, on the master a rendition of the original.
constexpr std::array<Known, 20> kKnown{{
    {"resOriginal", On::master, ResourceKind::original},
    {"resOriginalAlt", On::master, ResourceKind::alternative},
    {"resOriginalVidCompl", On::master, ResourceKind::live_movie},
    {"resSidecar", On::master, ResourceKind::sidecar},
    {"resJPEGFull", On::asset, ResourceKind::edited},
    {"resVidFull", On::asset, ResourceKind::edited_movie},
    {"resJPEGFull", On::master, std::nullopt},
    {"resVidFull", On::master, std::nullopt},
    {"resJPEGLarge", On::master, std::nullopt},
    {"resJPEGLarge", On::asset, std::nullopt},
    {"resJPEGMed", On::master, std::nullopt},
    {"resJPEGMed", On::asset, std::nullopt},
    {"resJPEGThumb", On::master, std::nullopt},
    {"resJPEGThumb", On::asset, std::nullopt},
    {"resVidMed", On::master, std::nullopt},
    {"resVidMed", On::asset, std::nullopt},
    {"resVidSmall", On::master, std::nullopt},
    {"resVidSmall", On::asset, std::nullopt},
    {"resVidThumb", On::master, std::nullopt},
    {"resVidThumb", On::asset, std::nullopt},
}};

void hold(Asset& asset, const std::string& code, const std::string& why) {
    if (!asset.hold) asset.hold = Reason{code, why};
}

void read_resource(Asset& asset, const json& record, On on, const std::string& key) {
    const std::string prefix = key.substr(0, key.size() - 3);
    const auto known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return k.prefix == prefix && k.on == on; });
    if (known == kKnown.end()) {
        hold(asset, "icloud.unknown_resource",
             "iCloud lists a file of a kind this version does not know (" + prefix + "); the photo is left in iCloud");
        return;
    }
    if (!known->kind) return;
    const json& value = field(record, key);
    if (value.is_null()) return;  // the field without a value: iCloud has the word, not the file
    Resource resource;
    resource.kind = *known->kind;
    resource.checksum = text(at(value, "fileChecksum"));
    const std::int64_t size = number(at(value, "size"), -1);
    resource.file_type = text(field(record, prefix + "FileType"));
    resource.url = text(at(value, "downloadURL"));
    if (resource.checksum.empty() || size < 0) {
        hold(asset, "icloud.no_checksum",
             "iCloud gives no checksum or size for " + prefix + ", so a copy of it cannot be proven; the photo is left in iCloud");
        return;
    }
    resource.size = Bytes{static_cast<std::uint64_t>(size)};
    asset.resources.push_back(std::move(resource));
}

void read_resources(Asset& asset, const json& record, On on) {
    const json& fields = at(record, "fields");
    if (!fields.is_object()) return;
    for (const auto& [key, unused] : fields.items())
        if (key.size() > 6 && key.compare(0, 3, "res") == 0 && key.compare(key.size() - 3, 3, "Res") == 0) read_resource(asset, record, on, key);
}

// STRING is plain text; ENCRYPTED_BYTES is base64 (facts C). What does not decode to text is taken as it stands.
std::string name_in(const json& record, std::string_view key) {
    const json& holder = at(at(record, "fields"), key);
    const std::string value = text(at(holder, "value"));
    if (text(at(holder, "type")) == "STRING") return value;
    const auto decoded = wire::from_base64(value);
    return decoded && !decoded->empty() && is_utf8(*decoded) ? *decoded : value;
}

// As icloudpd names what has no name: twelve characters of the master's record name and the type's extension.
std::string made_up_name(const Asset& asset) {
    std::string stem = (asset.master_name.empty() ? asset.record_name : asset.master_name).substr(0, 12);
    for (char& c : stem)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    const Resource* original = asset.resource(ResourceKind::original);
    const std::string extension = original ? extension_of(original->file_type) : "";
    return extension.empty() ? stem : stem + "." + extension;
}

Timestamp seconds_of(std::int64_t milliseconds) {
    milliseconds = std::clamp<std::int64_t>(milliseconds, -2'208'988'800'000, 253'402'300'799'000);  // years 1900 to 9999
    return std::chrono::floor<std::chrono::seconds>(std::chrono::sys_time<std::chrono::milliseconds>{std::chrono::milliseconds{milliseconds}});
}

}  // namespace

bool given_by_listing(const Reason& hold) {
    static constexpr std::array<std::string_view, 6> kCodes{"icloud.no_master",   "icloud.unknown_resource", "icloud.no_checksum",
                                                            "icloud.no_original", "icloud.no_tag",           "icloud.hidden"};
    return std::find(kCodes.begin(), kCodes.end(), hold.code) != kCodes.end();
}

std::string master_of(const json& asset) { return text(at(field(asset, "masterRef"), "recordName")); }

Asset read_asset(const json& record, const json& master) {
    Asset asset;
    asset.record_name = text(at(record, "recordName"));
    if (asset.record_name.empty()) wire::bad_answer("an asset without recordName");
    asset.master_name = master_of(record);
    asset.change_tag = text(at(record, "recordChangeTag"));
    asset.master_tag = text(at(master, "recordChangeTag"));
    asset.taken = seconds_of(number(field(record, "assetDate"), number(field(record, "addedDate"))));
    asset.added = seconds_of(number(field(record, "addedDate"), number(field(record, "assetDate"))));
    asset.hidden = number(field(record, "isHidden")) != 0;
    asset.favourite = number(field(record, "isFavorite")) != 0;
    asset.title = name_in(record, "captionEnc");
    asset.caption = name_in(record, "extendedDescEnc");
    asset.deleted = number(field(record, "isDeleted")) != 0 || number(field(record, "isExpunged")) != 0 || number(at(record, "deleted")) != 0;
    read_resources(asset, record, On::asset);
    if (master.is_object()) {
        read_resources(asset, master, On::master);
        asset.filename = name_in(master, "filenameEnc");
        if (!asset.resource(ResourceKind::original))
            hold(asset, "icloud.no_original", "iCloud lists no original for this photo; it is left in iCloud");
    } else {
        hold(asset, "icloud.no_master", "iCloud gave only one half of this photo's records; it is left in iCloud");
    }
    if (asset.change_tag.empty()) hold(asset, "icloud.no_tag", "iCloud gave no change tag for this photo; it is left in iCloud");
    if (asset.filename.empty()) asset.filename = made_up_name(asset);
    const auto order = [](const Resource& a, const Resource& b) { return a.kind < b.kind; };
    std::sort(asset.resources.begin(), asset.resources.end(), order);
    return asset;
}

}  // namespace mediaferry::icloud
