// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 7: the asset goes into the album DeletePending, its originals into delete_pending/. From then on a person can veto by taking the photo out.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "common/icloud/client.h"
#include "common/icloud/require_session.h"
#include "common/icloud/sign_in_state.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/exchange.h"
#include "common/stage/relocate.h"
#include "common/stage/stage.h"
#include "stages/icloud_mark/album.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;
using media_db::MediaItem;
using stage::Outcome;
using stage::Run;

constexpr std::string_view kStage = "icloud_mark";
constexpr int kNumber = 7;
constexpr std::size_t kBatch = 200;  // files looked ahead; the album is read back once a batch
constexpr std::chrono::hours kLookAgain{6};
const Reason kAlreadyGone{"icloud.already_gone", "it is no longer in iCloud"};

class IcloudMark final : public stage::Stage {
public:
    explicit IcloudMark(const config::Settings& settings) : settings_(settings) {}

    Outcome process_asset(const std::vector<MediaItem>& items, Run& run) override {
        const auto& first = items.front();
        if (!first.asset) return move_on(items, run, {"icloud.not_listed", "iCloud never listed this file; there is nothing to delete"});
        Catalogue catalogue{run.db()};
        const auto asset = catalogue.asset(*first.asset).value();
        if (asset.deleted && asset.listed)
            return move_on(items, run, {"icloud.recovered", "the photo was deleted once and somebody took it back: it stays in iCloud"});
        if (asset.account == media_db::kFromExchange)
            return move_on(items, run,
                           {"icloud.not_listed", "it came from another archive; there is nothing of it in this house's iCloud to delete"});
        if (asset.gone || asset.deleted) return move_on(items, run, kAlreadyGone);
        if (asset.vetoed) return move_on(items, run, veto());
        if (const auto why = not_ready(catalogue, asset)) return stage::Wait{*why, kLookAgain};
        if (!whole_asset_ready(run, asset.id))
            return stage::Wait{{"icloud.not_whole", "another file of the same photo has not come this far yet"}, kLookAgain};

        auto& pending = album(run);
        if (!pending.knows(asset.id)) pending.file(batch(catalogue, asset, run));
        const auto& filing = pending.filing(asset.id);
        switch (filing.state) {
            case Filing::State::not_yet: return stage::Wait{filing.why, kLookAgain};
            case Filing::State::gone:
                run.with_outcome([id = asset.id, now = run.now()](media_db::MediaDb& db) { Catalogue(db).mark_gone(id, now); });
                return move_on(items, run, kAlreadyGone);
            case Filing::State::vetoed: note_veto(asset, run); return move_on(items, run, veto());
            case Filing::State::filed: break;
        }
        note_filed(asset, filing.change_tag, items, run);
        return move_on(items, run, {});
    }

    std::optional<std::string> rehearse(const MediaItem& item, Run&) override {
        return "icloud_mark: would file " + item.filename + " in the album " + settings_.icloud.album;
    }

private:
    /// iCloud is called when there is something to file, not before.
    Album& album(Run& run) {
        if (album_) return *album_;
        client_.reset();
        lock_.reset();  // of an attempt that failed: a run does not wait for itself
        lock_.emplace(icloud::SessionLock::take(settings_.icloud.cookie_directory, icloud::SessionLock::kPatience));
        client_.emplace(*lock_, settings_.icloud, clock_, icloud::Library{}, run.stop());
        icloud::SignInState state{run.db(), settings_.icloud, clock_};
        icloud::require_session(*client_, state);
        return album_.emplace(*client_, settings_.icloud.album, [&db = run.db()] { return somebody_is_filed(db); });
    }

    static bool somebody_is_filed(media_db::MediaDb& db) {
        return std::ranges::any_of(Catalogue(db).filed_assets(), [](const media_db::Asset& asset) { return !asset.vetoed && !asset.gone; });
    }

    void note_filed(const media_db::Asset& asset, const std::string& tag, const std::vector<MediaItem>& items, Run& run) const {
        const nlohmann::json detail{{"album", settings_.icloud.album}};
        run.with_outcome([asset = asset.id, tag, items, run_id = run.id(), now = run.now(),
                          text = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)](media_db::MediaDb& db) {
            Catalogue rows{db};
            rows.set_filed(asset, tag, now);
            rows.set_hold(asset, std::nullopt);
            for (const auto& item : items) rows.set_flags(item.id, {}, {}, true, {}, now);
            media_db::Events(db).add({0, now, {}, asset, run_id, std::string(kStage), "filed", text});
        });
    }

    void note_veto(const media_db::Asset& asset, Run& run) const {
        run.with_outcome([id = asset.id, run_id = run.id(), now = run.now(), why = veto()](media_db::MediaDb& db) {
            Catalogue rows{db};
            rows.set_vetoed(id, now);
            rows.set_hold(id, why);
            media_db::Events(db).add({0, now, {}, id, run_id, std::string(kStage), "vetoed", "{}"});
        });
    }

    Reason veto() const {
        return {"vetoed", "somebody took the photo out of the album " + settings_.icloud.album +
                              ": it stays in iCloud (mediaferry redo icloud_mark files it again)"};
    }

    /// Why the asset as a whole may not be filed yet: I1 speaks of every resource that iCloud lists.
    static std::optional<Reason> not_ready(const Catalogue& catalogue, const media_db::Asset& asset) {
        if (asset.hold && icloud::given_by_listing(*asset.hold)) return asset.hold;  // the others speak of an earlier filing
        if (!asset.listed) return Reason{"icloud.unlisted", "the last listing of iCloud did not show it; the next one decides"};
        for (const auto& resource : catalogue.resources(asset.id))
            if (resource.state == "attention")
                return Reason{"icloud.incomplete", "its " + std::string(to_text(resource.kind)) +
                                                       " file cannot be fetched from iCloud and needs a person (mediaferry attention)"};
            else if (resource.state != "taken")
                return Reason{"icloud.incomplete", "its " + std::string(to_text(resource.kind)) + " file has not been fetched from iCloud yet"};
        return std::nullopt;
    }

    /// This asset and the next ready ones: filed together, one read-back for all.
    static std::vector<media_db::Asset> batch(const Catalogue& catalogue, const media_db::Asset& asset, Run& run) {
        std::vector<media_db::Asset> assets{asset};
        std::set<AssetId> seen{asset.id};
        for (const auto& item : media_db::Conveyor(run.db()).ready(kStage, run.now(), kBatch)) {
            if (!item.asset || !seen.insert(*item.asset).second) continue;
            const auto other = catalogue.asset(*item.asset).value();
            if (!other.gone && !other.deleted && !other.vetoed && !not_ready(catalogue, other) && whole_asset_ready(run, other.id))
                assets.push_back(other);
        }
        return assets;
    }

    /// Every file of the asset has been through the stages before this one: a live photo is not filed by half.
    static bool whole_asset_ready(Run& run, AssetId asset) {
        media_db::Conveyor conveyor{run.db()};
        for (const auto& item : Catalogue(run.db()).items_of(asset)) {
            const auto steps = conveyor.steps(item.id);
            const auto mine = std::ranges::find(steps, kStage, &media_db::StepRow::stage);
            if (mine == steps.end() || (!mine->open && mine->status != pipeline::StepStatus::done)) return false;
        }
        return true;
    }

    Outcome move_on(const std::vector<MediaItem>& items, Run& run, const Reason& note) const {
        for (const auto& item : items) stage::relocate_original(run, item, settings_.folders.delete_pending, kNumber, kStage);
        return note.code.empty() ? stage::Done{} : stage::Done{note};
    }

    const config::Settings& settings_;
    SystemClock clock_;
    std::optional<icloud::SessionLock> lock_;
    std::optional<icloud::Client> client_;
    std::optional<Album> album_;
};

}  // namespace
}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::IcloudMark)
