// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/census.h"

#include <algorithm>

#include "common/icloud/census_gate.h"
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

Reason left_out() { return {"icloud.left_out", "iCloud knows the photo by name, and its list leaves it out: neither deleted nor hidden"}; }

void note(icloud::Census& census, const media_db::Asset& asset, const Reason& why) {
    ++census.unexplained;
    if (census.items.size() < icloud::kMostDifferencesNamed) census.items.push_back({asset.record_name, asset.filename, why});
}

/// Asks iCloud by name about each asset that the listing no longer shows: only its own word makes it gone. Without a clear answer it is asked again
/// after the next census, and stays unexplained until then.
void settle_unlisted(icloud::Client& client, stage::Run& run, const std::vector<media_db::Asset>& unlisted, icloud::Census& census) {
    using State = icloud::Looked::State;
    Catalogue catalogue{run.db()};
    std::vector<icloud::AssetName> names;
    for (const auto& asset : unlisted) names.push_back({asset.record_name, asset.master_name});
    const auto looked = client.lookup(names);
    census.unexplained = 0;
    census.items.clear();
    for (std::size_t i = 0; i < looked.size(); ++i) {
        const auto& asset = unlisted[i];
        if (looked[i].state == State::deleted || looked[i].state == State::gone) {
            catalogue.mark_gone(asset.id, run.now());
            ++census.gone;
        } else if (looked[i].state == State::live && looked[i].asset && looked[i].asset->hidden) {
            const Reason hidden{"icloud.hidden", "the photo is hidden in iCloud; hidden photos are never deleted"};
            if (asset.hold != hidden) catalogue.set_hold(asset.id, hidden);
            ++census.hidden;
        } else if (looked[i].state == State::live && looked[i].asset) {
            catalogue.mark_listed(asset.id);  // the listing dropped it, iCloud still has it
            note(census, asset, left_out());
        } else {
            note(census, asset,
                 {"icloud.unknown", "iCloud's list leaves the photo out, and iCloud does not say what became of it: " + looked[i].error.code});
        }
    }
}

std::string lower(std::string name) {
    for (auto& letter : name)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return name;
}

}  // namespace

std::string account_of(const config::Settings& settings) { return lower(settings.icloud.username); }

Census take_census(icloud::Client& client, stage::Run& run) {
    Catalogue catalogue{run.db()};
    const auto account = account_of(run.settings());
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
    icloud::Census kept;
    kept.listed = census.listing.seen;
    kept.counted = census.listing.expected;
    kept.refused = census.listing.refused;
    kept.halves = census.listing.lone_masters;
    kept.complete = census.complete;
    const auto unlisted = census.complete ? catalogue.finish_census(account, zone, began) : std::vector<media_db::Asset>{};
    const Reason unasked{"icloud.left_out", "iCloud's list leaves the photo out; it has not been asked about by name"};
    for (const auto& asset : unlisted) note(kept, asset, unasked);
    if (!census.complete)
        for (const auto& asset : catalogue.unseen(account, zone, began, icloud::kMostDifferencesNamed)) note(kept, asset, unasked);
    icloud::keep_census(run.db(), kept, run.now());  // before iCloud is asked: a run that dies over the questions leaves them open
    if (!unlisted.empty()) {
        settle_unlisted(client, run, unlisted, kept);
        icloud::keep_census(run.db(), kept, run.now());
    }
    census.gone = kept.gone;
    log::info(
        "census taken",
        {{"SEEN", kept.listed}, {"EXPECTED", kept.counted}, {"NEW", census.new_resources}, {"GONE", kept.gone}, {"UNEXPLAINED", kept.unexplained}});
    if (const auto closed = icloud::census_gate(run.db())) run.tell(closed->text);
    return census;
}

}  // namespace mediaferry::stages
