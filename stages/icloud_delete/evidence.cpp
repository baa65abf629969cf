// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/evidence.h"

#include <algorithm>

namespace mediaferry::stages {
namespace {

using icloud::Looked;
using media_db::MediaItem;
using media_db::Resource;

/// The file of ours whose content is this resource's, if there is one.
bool has_file(const Case& it, const media_db::ListedResource& wanted) {
    const auto row = std::ranges::find_if(it.resources, [&](const Resource& one) {
        return one.listed && one.kind == wanted.kind && one.checksum == wanted.checksum && one.size == wanted.size && one.state == "taken";
    });
    if (row == it.resources.end()) return false;
    return std::ranges::any_of(it.items, [&](const MediaItem& item) {
        return item.resource_id == row->id && item.apple_checksum == wanted.checksum && item.size == wanted.size;
    });
}

Reason veto() { return {"vetoed", "somebody took the photo out of the album: it stays in iCloud (mediaferry redo icloud_mark files it again)"}; }

std::optional<Reason> why_icloud_forbids(const Case& it) {
    if (it.looked.state == Looked::State::unknown || (it.looked.state == Looked::State::live && !it.looked.asset))
        return Reason{"icloud.unknown", "iCloud gave no clear answer for this photo: " + it.looked.error.code + " " + it.looked.error.reason};
    if (it.looked.state != Looked::State::live) return Reason{"icloud.already_gone", "it is no longer in iCloud"};
    if (it.in_album == icloud::Membership::not_member) return veto();
    if (it.in_album != icloud::Membership::member)
        return Reason{"icloud.album_unsure", "iCloud does not say whether the photo is still in the album"};
    if (it.looked.asset->hidden) return Reason{"icloud.hidden", "the photo is hidden in iCloud; hidden photos are never deleted"};
    if (it.looked.asset->hold) return it.looked.asset->hold;
    if (it.looked.asset->change_tag != it.asset.filed_tag)
        return Reason{"icloud.changed", "the photo was changed in iCloud after it was filed for deletion; it is looked at anew"};
    return std::nullopt;
}

}  // namespace

std::optional<Reason> why_not_by_the_books(const media_db::Asset& asset, const config::ICloudDelete& settings, Timestamp now) {
    if (asset.vetoed) return veto();
    const auto age_from = std::max(asset.taken, asset.added);
    if (now - age_from < std::chrono::days{settings.keep_days})
        return Reason{"icloud.keep_days", "it stays in iCloud for " + std::to_string(settings.keep_days) + " days, until " +
                                              to_iso(age_from + std::chrono::days{settings.keep_days}).substr(0, 10)};
    return std::nullopt;
}

std::optional<Reason> why_not_yet(const Case& it, const config::ICloudDelete& settings, Timestamp now) {
    if (auto reason = why_not_by_the_books(it.asset, settings, now)) return reason;
    if (auto forbidden = why_icloud_forbids(it)) return forbidden;
    if (it.looked.asset->resources.empty()) return Reason{"icloud.no_original", "iCloud lists no file for this photo"};
    for (const auto& resource : it.looked.asset->resources)
        if (!has_file(it, resource))
            return Reason{"icloud.incomplete", "its " + std::string(to_text(resource.kind)) + " file is in iCloud and not here"};
    return std::nullopt;
}

std::optional<Reason> why_not_proven(const std::vector<FileProof>& files, const config::ICloudDelete& settings) {
    if (files.empty()) return Reason{"no_file", "there is no file of this photo here"};
    for (const auto& file : files) {
        const bool nas = settings.requires_nas();
        const bool google = settings.requires_google() && file.sent_to_phone;
        if (!file.marked) return Reason{"not_marked", file.item.filename + " has not been through all earlier stages"};
        if (!nas && !google) return Reason{"no_harbour", "no harbour that icloud_delete.require names takes " + file.item.filename};
        if (nas && file.nas) return Reason{file.nas->code, file.item.filename + ": " + file.nas->text};
        if (google && file.google) return Reason{file.google->code, file.item.filename + ": " + file.google->text};
    }
    return std::nullopt;
}

std::string fingerprint(const std::vector<Resource>& resources) {
    std::vector<std::string> checksums;
    for (const auto& resource : resources)
        if (resource.listed) checksums.push_back(resource.checksum);
    std::ranges::sort(checksums);
    std::string joined;
    for (const auto& checksum : checksums) joined += (joined.empty() ? "" : " ") + checksum;
    return joined;
}

std::size_t cap(const config::ICloudDelete& settings, std::int64_t listed) {
    if (settings.max_per_run < 1 || settings.max_share_percent < 1) return 0;
    const auto share = listed * settings.max_share_percent / 100;
    return static_cast<std::size_t>(std::max<std::int64_t>(1, std::min<std::int64_t>(settings.max_per_run, share)));
}

}  // namespace mediaferry::stages
