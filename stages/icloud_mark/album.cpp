// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_mark/album.h"
#include "common/failpoint/failpoint.h"

#include <optional>

namespace mediaferry::stages {
namespace {

using icloud::Looked;
using icloud::Membership;

/// Whether an asset may be filed as iCloud shows it now.
Filing judge(const media_db::Asset& asset, const Looked& looked) {
    if (looked.state == Looked::State::deleted || looked.state == Looked::State::gone) return {Filing::State::gone, "", {}};
    if (looked.state == Looked::State::unknown || !looked.asset)
        return {Filing::State::not_yet,
                "",
                {"icloud.unknown", "iCloud gave no clear answer for this photo: " + looked.error.code + " " + looked.error.reason}};
    if (looked.asset->hidden)
        return {Filing::State::not_yet, "", {"icloud.hidden", "the photo is hidden in iCloud; hidden photos are never deleted"}};
    if (looked.asset->hold) return {Filing::State::not_yet, "", *looked.asset->hold};
    if (looked.asset->change_tag != asset.change_tag)
        return {Filing::State::not_yet,
                "",
                {"icloud.changed", "the photo was changed in iCloud since it was last listed; the next icloud_download looks at it"}};
    return {Filing::State::filed, looked.asset->change_tag, {}};
}

std::vector<std::string> record_names(const std::vector<media_db::Asset>& assets) {
    std::vector<std::string> names;
    for (const auto& asset : assets) names.push_back(asset.record_name);
    return names;
}

}  // namespace

void Album::file(const std::vector<media_db::Asset>& assets) {
    // Only as a whole: until the album was read back, "filed" is what iCloud allows, not what was done.
    for (auto& [asset, filing] : look_and_file(assets)) filings_.insert_or_assign(asset, std::move(filing));
}

Album::Filings Album::look_and_file(const std::vector<media_db::Asset>& assets) {
    Filings filings;
    std::vector<icloud::AssetName> names;
    for (const auto& asset : assets) names.push_back({asset.record_name, asset.master_name});
    const auto looked = client_.lookup(names);
    std::vector<media_db::Asset> fresh, filed_before;
    for (std::size_t i = 0; i < assets.size(); ++i) {
        const auto& filing = filings[assets[i].id] = judge(assets[i], looked[i]);
        if (filing.state == Filing::State::filed) (assets[i].filed ? filed_before : fresh).push_back(assets[i]);
    }
    auto album = fresh.empty() && filed_before.empty() ? std::nullopt : client_.find_album(name_);
    if (!album && (!filed_before.empty() || (!fresh.empty() && in_use_()))) {
        const Reason why{"icloud.album_gone",
                         "the album " + name_ +
                             " is not in iCloud any more, though photos had been filed in it. Make an album of that name in Photos: what is put "
                             "into it may be deleted, what is not stays"};
        for (const auto* some : {&fresh, &filed_before})
            for (const auto& asset : *some) filings[asset.id] = {Filing::State::not_yet, "", why};
        return filings;
    }
    if (!fresh.empty()) put_in(album ? *album : MF_AROUND("icloud_mark.find_or_create", client_.find_or_create_album(name_)), fresh, filings);
    if (!filed_before.empty()) look_for(*album, filed_before, filings);
    return filings;
}

void Album::put_in(const std::string& album, const std::vector<media_db::Asset>& assets, Filings& filings) {
    const auto filed = MF_AROUND("icloud_mark.add", client_.add_members(album, record_names(assets)));
    for (std::size_t i = 0; i < assets.size(); ++i)
        if (!filed[i].member)
            filings[assets[i].id] = {
                Filing::State::not_yet,
                "",
                {"icloud.not_filed", "iCloud did not put the photo into the album " + name_ + ": " + filed[i].code + " " + filed[i].reason}};
}

void Album::look_for(const std::string& album, const std::vector<media_db::Asset>& assets, Filings& filings) {
    const auto members = client_.members(album);
    std::vector<media_db::Asset> unlisted;
    for (const auto& asset : assets)
        if (!members.contains(asset.record_name)) unlisted.push_back(asset);
    const auto asked = client_.membership(album, record_names(unlisted));
    for (std::size_t i = 0; i < unlisted.size(); ++i) {
        if (asked[i] == Membership::member && !members.complete()) continue;  // the listing is known to be short of some
        const bool vetoed = members.complete() || asked[i] == Membership::not_member;
        filings[unlisted[i].id] = {vetoed ? Filing::State::vetoed : Filing::State::not_yet,
                                    "",
                                    {"icloud.album_unsure", "iCloud does not say whether the photo is still in the album " + name_}};
    }
}

}  // namespace mediaferry::stages
