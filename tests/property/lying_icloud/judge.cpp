// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/judge.h"

#include <algorithm>

#include "tests/property/lying_icloud/digests.h"

namespace mediaferry::lying {

std::vector<fs::path> files_below(const fs::path& root) {
    std::vector<fs::path> found;
    if (!fs::is_directory(root)) return found;
    for (fs::recursive_directory_iterator at{root}, end; at != end; ++at) {
        if (at->path().filename().string().starts_with(".")) {
            at.disable_recursion_pending();
            continue;
        }
        if (fs::is_regular_file(at->symlink_status())) found.push_back(at->path());
    }
    return found;
}

void Judge::look_at_nas() {
    if (nas_is_away) {
        if (!files_below(settings_.archive.root).empty()) violations.emplace_back("written to a place that is not the archive");
        return;
    }
    std::map<std::string, std::pair<std::string, Timestamp>> now;
    for (const auto& file : files_below(settings_.archive.root)) {
        const auto sha = sha256_hex(bytes_of(file).value_or(""));
        const auto known = nas_.find(file.string());
        now[file.string()] = {sha, known != nas_.end() && known->second.first == sha ? known->second.second : clock_.now()};
    }
    nas_ = std::move(now);
}

void Judge::clock_went_back() {
    for (auto& [path, seen] : nas_) seen.second = std::min(seen.second, clock_.now());
}

std::optional<Timestamp> Judge::on_nas_since(const std::string& sha256) const {
    std::optional<Timestamp> since;
    for (const auto& [path, seen] : nas_) {
        if (seen.first != sha256 || (since && *since <= seen.second)) continue;
        if (const auto bytes = bytes_of(path); bytes && sha256_hex(*bytes) == sha256) since = seen.second;
    }
    return since;
}

void Judge::wrong(const Deed& deed, const std::string& what) { violations.push_back("deleted " + deed.asset.name + " though " + what); }

void Judge::check_file(const Deed& deed, const std::string& what, const Content& content) {
    if (apple_checksum(content.bytes) != content.checksum) throw std::logic_error("the true library is not true");
    if (settings_.icloud_delete.requires_nas()) {
        const auto since = on_nas_since(content.sha256);
        if (!since)
            wrong(deed, "its " + what + " is not on the NAS");
        else if (*since + settings_.archive.settle > clock_.now())
            wrong(deed, "its " + what + " has not settled: on the NAS only since " + to_iso(*since) + ", and it is " + to_iso(clock_.now()));
    }
    const bool sent = what != "resSidecar";
    if (!settings_.icloud_delete.requires_google() || !sent || phone_.freed(content.sha256)) return;
    if (settings_.icloud_delete.google_proof == config::PixelProof::freed)
        wrong(deed, "its " + what + " is not at Google");
    else if (!phone_.has_had(content.sha256, settings_.pixel.dwell))
        wrong(deed, "its " + what + " has not dwelt on the phone");
}

void Judge::deletion(const Deed& deed) {
    ++deletions;
    ++deeds_;
    const auto& asset = deed.asset;
    const auto& rules = settings_.icloud_delete;
    if (deed.stage != "icloud_delete") wrong(deed, "the stage was " + deed.stage);
    if (deed.fields != json{{"isDeleted", {{"value", 1}}}}) wrong(deed, "the request set " + deed.fields.dump());
    if (asset.deleted) wrong(deed, "it was deleted already");
    if (asset.hidden) wrong(deed, "it is hidden");
    if (deed.tag != asset.tag) wrong(deed, "it was changed since it was looked at: tag " + asset.tag + ", not " + deed.tag);
    if (!apple_.library.in_album(apple_.album, asset.name)) wrong(deed, "it is not in the album");
    const auto marked = apple_.marked_with.find(asset.name);
    if (marked == apple_.marked_with.end() || marked->second != asset.tag) wrong(deed, "it was changed since icloud_mark looked at it");
    if (rules.approval == config::ICloudDelete::Approval::manual && !approved_.contains({asset.name, asset.tag + " " + asset.fingerprint()}))
        wrong(deed, "nobody approved it as it is");
    const auto newest = Timestamp{std::chrono::seconds{std::max(asset.taken_ms, asset.added_ms) / 1000}};
    if (newest + std::chrono::days{rules.keep_days} > clock_.now()) wrong(deed, "it is to be kept for keep_days");
    const auto share = std::max<std::int64_t>(1, static_cast<std::int64_t>(apple_.library.assets.size()) * rules.max_share_percent / 100);
    if (deeds_ > rules.max_per_run || deeds_ > share) wrong(deed, "it is number " + std::to_string(deeds_) + " of one run");
    if (census_short) wrong(deed, "the last listing was short: " + census_numbers);
    for (const auto& [prefix, content] : asset.on_master) check_file(deed, prefix, content);
    for (const auto& [prefix, content] : asset.on_asset) check_file(deed, prefix, content);
}

}  // namespace mediaferry::lying
