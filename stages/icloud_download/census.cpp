// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/census.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/runs.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;

/// A hold that the listing itself gives (an unknown kind of file, no checksum) is set and lifted by the listing.
void note_holds(Catalogue& catalogue, const std::string& account, const std::string& zone, const std::vector<icloud::Asset>& page) {
    for (const auto& asset : page) {
        const auto row = catalogue.asset_named(account, zone, asset.record_name);
        if (!row || row->hold == asset.hold) continue;
        const bool from_listing = row->hold && icloud::given_by_listing(*row->hold);
        if (asset.hold || from_listing) catalogue.set_hold(row->id, asset.hold);
    }
}

/// Asks iCloud by name about each asset that the listing no longer shows: only its own word makes it gone. Without a clear answer it is asked again
/// after the next census.
std::int64_t settle_unlisted(icloud::Client& client, stage::Run& run, const std::vector<media_db::Asset>& unlisted) {
    using State = icloud::Looked::State;
    Catalogue catalogue{run.db()};
    std::vector<icloud::AssetName> names;
    for (const auto& asset : unlisted) names.push_back({asset.record_name, asset.master_name});
    std::int64_t gone = 0;
    const auto looked = client.lookup(names);
    for (std::size_t i = 0; i < looked.size(); ++i) {
        const auto& asset = unlisted[i];
        if (looked[i].state == State::deleted || looked[i].state == State::gone) {
            catalogue.mark_gone(asset.id, run.now());
            ++gone;
        } else if (looked[i].state == State::live && looked[i].asset && looked[i].asset->hidden) {
            const Reason hidden{"icloud.hidden", "the photo is hidden in iCloud; hidden photos are never deleted"};
            if (asset.hold != hidden) catalogue.set_hold(asset.id, hidden);
        } else if (looked[i].state == State::live && looked[i].asset) {
            catalogue.mark_listed(asset.id);  // the listing dropped it, iCloud still has it
        }
    }
    return gone;
}

/// Apple takes names in any case; one account must not become two.
std::string lower(std::string name) {
    for (auto& letter : name)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return name;
}

}  // namespace

Census take_census(icloud::Client& client, stage::Run& run) {
    Catalogue catalogue{run.db()};
    const auto account = lower(run.settings().icloud.username);
    const auto zone = client.library().zone;
    const auto began = run.now();
    Census census;
    census.listing = client.list([&](const std::vector<icloud::Asset>& page) {
        std::vector<media_db::ListedAsset> listed;
        listed.reserve(page.size());
        std::ranges::transform(page, std::back_inserter(listed), &icloud::Asset::listed);
        census.new_resources += catalogue.see(account, zone, listed, began).new_resources;
        note_holds(catalogue, account, zone, page);
        run.activity("reading the list of photos");
        return !run.stop_requested();
    });
    if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop while listing"};
    census.complete = census.listing.complete();
    if (census.complete) census.gone = settle_unlisted(client, run, catalogue.finish_census(account, zone, began));

    const nlohmann::json summary{{"seen", census.listing.seen}, {"expected", census.listing.expected}, {"complete", census.complete}};
    media_db::Facts(run.db()).set("census", summary.dump(), run.now());
    log::info("census taken",
              {{"SEEN", census.listing.seen}, {"EXPECTED", census.listing.expected}, {"NEW", census.new_resources}, {"GONE", census.gone}});
    if (!census.complete)
        run.tell("iCloud lists " + std::to_string(census.listing.seen) + " photos but counts " + std::to_string(census.listing.expected) +
                 ": nothing is deleted until a listing is complete");
    return census;
}

}  // namespace mediaferry::stages
