// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <iterator>

#include "common/icloud/client_impl.h"
#include "common/log/log.h"

namespace mediaferry::icloud {
namespace {

constexpr std::size_t kLookedUpAtOnce = 50;  // assets; with their masters 100 records

wire::json lookup_body(const Library& library, const std::vector<std::string>& names) {
    wire::json records = wire::json::array();
    for (const auto& name : names) records.push_back({{"recordName", name}});
    return {{"records", records}, {"zoneID", wire::zone_id(library)}};
}

bool lacks_master(const Asset& asset) { return asset.hold && asset.hold->code == "icloud.no_master" && !asset.master_name.empty(); }

}  // namespace

std::vector<Asset> Client::Impl::completed(const std::string& body) {
    std::vector<Asset> assets = read_records(body).assets;
    std::set<std::string> missing;
    for (const auto& asset : assets)
        if (lacks_master(asset)) missing.insert(asset.master_name);
    if (missing.empty()) return assets;
    return read_pairs(body, call("records/lookup", lookup_body(library, {missing.begin(), missing.end()}), "looking up the other half of photos"));
}

Listing Client::Impl::walk(const std::string& record_type, const std::string& index, const OnPage& on_page) {
    Listing listing;
    std::set<std::string> seen, masters, lone;
    std::int64_t rank = 0;
    std::size_t probe = 0;  // pages in a row without anything new
    for (;;) {
        const std::int64_t from = probe == 0 ? rank : rank + kProbes[probe - 1];
        const std::string body =
            query(record_type, wire::json::array({wire::number_filter("startRank", from), wire::string_filter("direction", "ASCENDING")}),
                  "listing the library");
        const Records page = read_records(body);
        listing.refused += static_cast<std::int64_t>(page.errors.size());
        lone.insert(page.lone_masters.begin(), page.lone_masters.end());
        std::vector<Asset> fresh;
        for (auto& asset : completed(body)) {
            masters.insert(asset.master_name);
            if (seen.insert(asset.record_name).second) fresh.push_back(std::move(asset));
        }
        listing.seen = static_cast<std::int64_t>(seen.size());
        if (page.asset_records > 0) rank = from + static_cast<std::int64_t>(page.asset_records);
        if (!fresh.empty()) {
            probe = 0;
            if (!on_page(fresh)) break;
            continue;
        }
        // An empty page is no end mark: only iCloud's count is.
        listing.expected = index_count(index);
        if (listing.complete() || probe == std::size(kProbes)) break;
        ++probe;
        log::debug("empty page before the end of the list", {{"RANK", from}, {"SEEN", listing.seen}, {"EXPECTED", listing.expected}});
        pause(std::chrono::milliseconds{100});
    }
    listing.expected = index_count(index);
    listing.lone_masters = std::count_if(lone.begin(), lone.end(), [&](const std::string& name) { return !masters.count(name); });
    return listing;
}

Listing Client::list(const OnPage& on_page) {
    return impl_->walk("CPLAssetAndMasterByAssetDateWithoutHiddenOrDeleted", "CPLAssetByAssetDateWithoutHiddenOrDeleted", on_page);
}

Listing Client::list_recently_deleted(const OnPage& on_page) {
    return impl_->walk("CPLAssetAndMasterDeletedByExpungedDate", "CPLAssetDeletedByExpungedDate", on_page);
}

Listing Client::list_hidden(const OnPage& on_page) { return impl_->walk("CPLAssetAndMasterHiddenByAssetDate", "CPLAssetHiddenByAssetDate", on_page); }

std::int64_t Client::listed_count() { return impl_->index_count("CPLAssetByAssetDateWithoutHiddenOrDeleted"); }

std::int64_t Client::recently_deleted_count() { return impl_->index_count("CPLAssetDeletedByExpungedDate"); }

std::vector<Looked> Client::lookup(const std::vector<AssetName>& names) {
    std::vector<Looked> out;
    for (std::size_t from = 0; from < names.size(); from += kLookedUpAtOnce) {
        const std::size_t to = std::min(names.size(), from + kLookedUpAtOnce);
        std::set<std::string> asked;
        for (std::size_t i = from; i < to; ++i) {
            asked.insert(names[i].asset);
            if (!names[i].master.empty()) asked.insert(names[i].master);
        }
        const std::string body = impl_->call("records/lookup", lookup_body(impl_->library, {asked.begin(), asked.end()}), "looking up photos");
        const Records records = read_records(body);
        std::map<std::string, Asset> assets;
        for (auto& asset : impl_->completed(body)) assets.emplace(asset.record_name, std::move(asset));
        for (std::size_t i = from; i < to; ++i) {
            Looked looked;
            looked.record_name = names[i].asset;
            const auto is_it = [&](const auto& record) { return record.record_name == looked.record_name; };
            const auto state = std::find_if(records.states.begin(), records.states.end(), is_it);
            const auto error = std::find_if(records.errors.begin(), records.errors.end(), is_it);
            if (const auto found = assets.find(looked.record_name); found != assets.end()) {
                looked.state = found->second.deleted ? Looked::State::deleted : Looked::State::live;
                looked.asset = found->second;
            } else if (state != records.states.end() && state->deleted) {
                looked.state = Looked::State::gone;
            } else if (error != records.errors.end()) {
                looked.state = error->code == "NOT_FOUND" || error->code == "UNKNOWN_ITEM" ? Looked::State::gone : Looked::State::unknown;
                looked.error = *error;
            } else {
                looked.error = {looked.record_name, "UNANSWERED", "the reply does not mention it", {}};
            }
            out.push_back(std::move(looked));
        }
    }
    return out;
}

}  // namespace mediaferry::icloud
