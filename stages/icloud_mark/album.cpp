// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_mark/album.h"

namespace mediaferry::stages {
namespace {

using icloud::Looked;

/// Whether an asset may be filed as iCloud shows it now.
Filing judge(const media_db::Asset& asset, const Looked& looked) {
    if (looked.state == Looked::State::deleted || looked.state == Looked::State::gone) return {Filing::State::gone, "", {}};
    if (looked.state == Looked::State::unknown || !looked.asset)
        return {Filing::State::not_yet, "", {"icloud.unknown", "iCloud gave no clear answer for this photo: " + looked.error.code + " " + looked.error.reason}};
    if (looked.asset->hidden) return {Filing::State::not_yet, "", {"icloud.hidden", "the photo is hidden in iCloud; hidden photos are never deleted"}};
    if (looked.asset->hold) return {Filing::State::not_yet, "", *looked.asset->hold};
    if (looked.asset->change_tag != asset.change_tag)
        return {Filing::State::not_yet, "", {"icloud.changed", "the photo was changed in iCloud since it was last listed; the next icloud_download looks at it"}};
    return {Filing::State::filed, looked.asset->change_tag, {}};
}

}  // namespace

void Album::file(const std::vector<media_db::Asset>& assets) {
    std::vector<icloud::AssetName> names;
    for (const auto& asset : assets) names.push_back({asset.record_name, asset.master_name});
    const auto looked = client_.lookup(names);
    std::vector<std::string> to_file;
    std::map<std::string, AssetId> by_name;
    for (std::size_t i = 0; i < assets.size(); ++i) {
        const auto filing = judge(assets[i], looked[i]);
        filings_[assets[i].id] = filing;
        if (filing.state != Filing::State::filed) continue;
        to_file.push_back(assets[i].record_name);
        by_name[assets[i].record_name] = assets[i].id;
    }
    if (to_file.empty()) return;
    for (const auto& filed : client_.add_members(client_.find_or_create_album(name_), to_file))
        if (!filed.member)
            filings_[by_name.at(filed.record_name)] = {
                Filing::State::not_yet, "", {"icloud.not_filed", "iCloud did not put the photo into the album " + name_ + ": " + filed.code + " " + filed.reason}};
}

}  // namespace mediaferry::stages
