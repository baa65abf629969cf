// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/pixel_verify/pixel_verify.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"
#include "common/syncthing/canary.h"
#include "stages/pixel_verify/free_phone.h"
#include "stages/pixel_verify/freed_watch.h"
#include "stages/pixel_verify/receipts.h"

namespace mediaferry::stages {
namespace {

using config::PixelProof;
using media_db::Evidence;
using media_db::Facts;
using stage::Done;
using stage::NeedsAttention;
using stage::Outcome;
using stage::RetryLater;
using stage::Run;
using stage::Wait;
using syncthing::Arrival;
using syncthing::PixelCopy;

constexpr std::chrono::milliseconds kBetweenLooks{400};
constexpr std::size_t kAskedAtOnce = 200;
/// Files that wait for the phone's deletion and may be looked at in every run; more of them are looked at once an hour.
constexpr int kLookedAtEachRun = 200;
constexpr std::size_t kProvenAgainAtOnce = 20'000;

/// Says once what weakens a proof, and keeps it for `status` and `doctor` (state syncthing.weakness).
void tell_weakness(Run& run, const std::string& weakness) {
    Facts facts{run.db()};
    if (facts.get("syncthing.weakness").value_or("") == weakness) return;
    facts.set("syncthing.weakness", weakness, run.now());
    if (!weakness.empty()) run.tell("pixel_verify: " + syncthing::weakness_text(weakness));
}

bool sync_is_done(Run& run, MediaId item) {
    for (const auto& row : media_db::Conveyor{run.db()}.steps(item))
        if (row.stage == "pixel_sync") return row.status == pipeline::StepStatus::done;
    return false;
}

}  // namespace

Outcome PixelVerify::begin(Run& run) {
    began_ = std::chrono::steady_clock::now();
    road_.emplace(settings_);
    road_->check();
    const auto canary = syncthing::ensure_canary(run.db(), *road_, run.now());
    take_out_freed(run, *road_);
    const auto phone = road_->phone();
    tell_weakness(run, phone.weakness);
    notice_changes(phone, run);
    if (!phone.present) return Wait{phone.reason};
    road_->scan({});
    watch_for_freed(run, *road_, canary);
    take_out_freed(run, *road_);
    prove_again(run);
    take_out_aged(run, *road_);
    return Done{};
}

/// Signs that the phone's memory is not the one our proofs were made with (facts/syncthing.md E.9).
void PixelVerify::notice_changes(const syncthing::Phone& phone, Run& run) {
    Facts facts{run.db()};
    const bool sharing = phone.reason.code != "pixel.not_sharing";
    const bool shared = facts.get("pixel.sharing").value_or("yes") == "yes";
    if (!sharing && shared) syncthing::distrust(run.db(), "the phone no longer shares the folder", run.now());
    if (!phone.present && sharing) return;
    if (sharing != shared) facts.set("pixel.sharing", sharing ? "yes" : "no", run.now());
    if (!phone.present) return;
    if (!shared) syncthing::distrust(run.db(), "the phone shares the folder again", run.now());

    const auto sequence = facts.get("pixel.sequence");
    const auto version = facts.get("pixel.syncthing_version");
    if (sequence && phone.sequence < std::stoll(*sequence)) syncthing::distrust(run.db(), "the phone's index was reset", run.now());
    if (version && syncthing::syncthing_version(*version).major != syncthing::syncthing_version(phone.version).major)
        syncthing::distrust(run.db(), "the phone's Syncthing changed from " + *version + " to " + phone.version, run.now());
    if (!sequence || *sequence != std::to_string(phone.sequence)) facts.set("pixel.sequence", std::to_string(phone.sequence), run.now());
    if (!version || *version != phone.version) facts.set("pixel.syncthing_version", phone.version, run.now());
}

bool PixelVerify::is_stale(const syncthing::Receipt& receipt, Run& run) const {
    return receipt.delivery && receipt.delivery->at < syncthing::distrusted_since(run.db());
}

/// Deliveries that are no longer trusted are proven anew where the phone still has the file, so that its deletion may count one day.
void PixelVerify::prove_again(Run& run) {
    if (syncthing::distrusted_since(run.db()) == Timestamp{}) return;
    for (const auto& copy : Evidence{run.db()}.pixel_copies({"delivered", "dwelt"}, kProvenAgainAtOnce)) {
        if (run.stop_requested()) return;
        PixelCopy pixel{copy, syncthing::receipt_from_json(copy.receipt)};
        if (!is_stale(pixel.receipt, run)) continue;
        const auto look = road_->look(pixel.receipt, run.now());
        if (look.proof) store_delivery(run.db(), run.id(), pixel, *look.proof);
    }
}

Outcome PixelVerify::process(const MediaItem& item, Run& run) {
    auto pixel = syncthing::pixel_copy(run.db(), item.id);
    if (!pixel) return without_copy(item, run);
    if (pixel->copy.sha256 != item.sha256) return send_again(item, *pixel, {"pixel.other_content", "the file is not the one that was sent"}, run);
    if (pixel->copy.proof == "freed" || pixel->receipt.kept) return done(item, run);

    const auto look = road_->look(pixel->receipt, run.now());
    awaited_.erase(item.id);
    switch (look.verdict.arrival) {
        case Arrival::delivered: break;
        case Arrival::not_yet:
            if (!pixel->receipt.delivery) awaited_[item.id] = pixel->receipt;
            return Wait{look.verdict.reason};
        case Arrival::changed_here: return send_again(item, *pixel, look.verdict.reason, run);
        case Arrival::deleted_there: return gone_there(item, *pixel, look, run);
        case Arrival::changed_there:
            return NeedsAttention{{"pixel.changed_there", look.verdict.reason.text + " (" + pixel->receipt.name +
                                                              "). To send ours once more: mediaferry redo pixel_sync, then mediaferry release"}};
    }
    const auto& known = pixel->receipt.delivery;
    if (!known || known->version != look.proof->version || known->device != look.proof->device || is_stale(pixel->receipt, run))
        store_delivery(run.db(), run.id(), *pixel, *look.proof);
    else
        run.with_outcome([id = pixel->copy.id, now = run.now()](media_db::MediaDb& db) { Evidence{db}.checked(id, now); });
    return by_level(item, *pixel, run);
}

Outcome PixelVerify::without_copy(const MediaItem& item, Run& run) {
    if (std::ranges::find(settings_.pixel.kinds, item.kind) == settings_.pixel.kinds.end())
        return Done{Reason{"pixel.kind_not_sent", "files of this kind are not sent to the phone (pixel.kinds)"}};
    if (sync_is_done(run, item.id))
        run.with_outcome([id = item.id, now = run.now()](media_db::MediaDb& db) { media_db::Conveyor{db}.redo(id, "pixel_sync", now); });
    return Wait{{"pixel.to_be_sent", "pixel_sync has not put it into the phone's outbox yet"}};
}

Outcome PixelVerify::by_level(const MediaItem& item, PixelCopy& pixel, Run& run) {
    if (settings_.pixel.proof == PixelProof::delivered) return done(item, run);
    if (settings_.pixel.proof == PixelProof::freed) {
        const Reason reason{"pixel.not_freed", "it is on the phone; waiting for 'Free up space' in Google Photos there"};
        if (++not_freed_ <= kLookedAtEachRun) return Wait{reason};
        return Wait{reason, std::chrono::hours{1}};
    }
    const auto remaining = settings_.pixel.dwell - (run.now() - pixel.receipt.delivery->at);
    if (remaining > std::chrono::seconds{0})
        return Wait{{"pixel.dwelling", "it is on the phone, and must have been there for pixel.dwell (" +
                                           to_text(std::chrono::milliseconds{settings_.pixel.dwell}) + ")"},
                    remaining};
    pixel.receipt.delivery->dwelt_at = run.now();
    run.with_outcome([pixel, id = item.id, run_id = run.id(), now = run.now()](media_db::MediaDb& db) {
        media_db::Events{db}.add({0, now, id, {}, run_id, "pixel_verify", "dwelt", nlohmann::json{{"name", pixel.copy.path.string()}}.dump()});
        Evidence{db}.proven(pixel.copy.id, "dwelt", pixel.receipt.delivery->at, now, syncthing::to_json(pixel.receipt));
    });
    return done(item, run);
}

Outcome PixelVerify::done(const MediaItem& item, Run& run) {
    run.with_outcome([id = item.id, now = run.now()](media_db::MediaDb& db) {
        media_db::Catalogue{db}.set_flags(id, true, std::nullopt, std::nullopt, std::nullopt, now);
    });
    return Done{};
}

/// The newest version is a deletion, and no receipt says that it was "Free up space".
Outcome PixelVerify::gone_there(const MediaItem& item, const PixelCopy& pixel, const syncthing::Road::Look& look, Run& run) {
    if (pixel.receipt.held) return NeedsAttention{pixel.receipt.held->reason};
    std::string why_not;
    if (look.answer && syncthing::freed(*look.answer, pixel.receipt, road_->check().phone, run.now(), &why_not))
        return Wait{{"pixel.freed_unjudged", "the phone has just deleted it; the next run judges that"}};
    if (!pixel.receipt.delivery)
        return send_again(item, pixel, {"pixel.deleted_early", "it was deleted on the phone before its delivery could be proven"}, run);
    return NeedsAttention{{"pixel.deleted_there", "it was deleted on the phone, and that does not count as freed: " + why_not +
                                                      ". To send it once more: mediaferry redo pixel_sync, then mediaferry release"}};
}

/// Under a new name, by pixel_sync's next run. The old outbox file stays as it is: taking it away would be an order to the phone.
Outcome PixelVerify::send_again(const MediaItem& item, const PixelCopy& pixel, const Reason& reason, Run& run) {
    const bool redo = sync_is_done(run, item.id);
    run.with_outcome([item, id = pixel.copy.id, name = pixel.receipt.name, reason, redo, run_id = run.id(), now = run.now()](media_db::MediaDb& db) {
        Evidence{db}.removed(id, now);
        if (redo) media_db::Conveyor{db}.redo(item.id, "pixel_sync", now);
        media_db::Event event;
        event.at = now;
        event.media = item.id;
        event.asset = item.asset;
        event.run = run_id;
        event.stage = "pixel_verify";
        event.what = "to_be_sent_again";
        event.detail = R"({"reason":")" + reason.code + R"("})";
        media_db::Events{db}.add(event);
    });
    return RetryLater{{reason.code, reason.text + "; it will be sent again under a new name"}};
}

/// True: look at the items again, some have moved. Waits for what is on its way, at most syncthing.timeout in one run.
bool PixelVerify::after_items(Run& run) {
    not_freed_ = 0;
    const bool moved = anything_arrived(run);
    if (!moved && !run.stop_requested() && settings_.pixel.free_phone.when == config::FreePhone::When::age && road_->phone().present)
        take_out_aged(run, *road_);
    return moved;
}

bool PixelVerify::anything_arrived(Run& run) {
    if (awaited_.empty()) return false;
    run.activity("waiting for " + std::to_string(awaited_.size()) + " files to arrive on the phone");
    const auto phone = road_->check().phone;
    while (!run.stop_requested() && std::chrono::steady_clock::now() - began_ < settings_.syncthing.timeout) {
        std::this_thread::sleep_for(kBetweenLooks);
        if (!road_->phone().present) return false;
        std::size_t asked = 0;
        for (const auto& [id, receipt] : awaited_) {
            if (++asked > kAskedAtOnce) break;
            if (syncthing::delivered(road_->ask(receipt.name), receipt, road_->on_disk(receipt.name), phone).arrival != Arrival::not_yet) return true;
        }
    }
    return false;
}

std::optional<std::string> PixelVerify::rehearse(const MediaItem& item, Run& run) {
    const auto pixel = syncthing::pixel_copy(run.db(), item.id);
    if (!pixel) return item.filename + ": has no copy in the phone's outbox";
    return item.filename + ": would ask Syncthing for " + pixel->receipt.name + " (so far: " + pixel->copy.proof + ")";
}

}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::PixelVerify)
