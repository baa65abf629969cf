// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/proof_now.h"

#include "common/media_db/evidence.h"
#include "common/syncthing/canary.h"

namespace mediaferry::syncthing {
namespace {

using config::PixelProof;

bool about(const PixelCopy& pixel, const media_db::MediaItem& item) {
    return pixel.copy.sha256 == item.sha256 && pixel.receipt.sha256 == to_hex(item.sha256) && pixel.receipt.name == pixel.copy.path.string();
}

PixelProofNow nothing(std::string code, std::string text) { return {std::nullopt, {std::move(code), std::move(text)}, "", false}; }

}  // namespace

std::optional<PixelCopy> pixel_copy(media_db::MediaDb& db, MediaId media) {
    std::optional<PixelCopy> standing, kept;
    for (const auto& copy : media_db::Evidence{db}.of(media)) {
        if (copy.place != Place::pixel) continue;
        PixelCopy pixel{copy, receipt_from_json(copy.receipt)};
        if (copy.proof == "freed" && pixel.receipt.freed) return pixel;
        if (!copy.removed)
            standing = std::move(pixel);
        else if (pixel.receipt.kept)
            kept = std::move(pixel);
    }
    return standing ? standing : kept;
}

PixelProofNow proof_now(Road& road, media_db::MediaDb& db, const config::Settings& settings, const media_db::MediaItem& item, Timestamp now) {
    const auto pixel = pixel_copy(db, item.id);
    if (!pixel) return nothing("pixel.no_copy", "it was never sent to the phone");
    if (!about(*pixel, item)) return nothing("pixel.other_content", "what was sent to the phone is not this content");
    const auto& receipt = pixel->receipt;
    if (receipt.freed && pixel->copy.proof == "freed") return {PixelProof::freed, {}, "", false};
    if (!receipt.delivery) return nothing("pixel.waiting", "its delivery to the phone was never proven");
    const Reason not_freed =
        receipt.held ? receipt.held->reason : Reason{"pixel.not_freed", "the phone has not freed it yet ('Free up space' in Google Photos)"};
    if (receipt.kept) {
        const auto level = receipt.kept->level == "dwelt" ? PixelProof::dwelt : PixelProof::delivered;
        return {level, not_freed, receipt.delivery->weakness, false};
    }
    if (const auto alarm = canary_alarm(db)) return {std::nullopt, *alarm, "", false};
    if (receipt.delivery->at < distrusted_since(db))
        return nothing("pixel.proof_stale", "its delivery must be proven again: the phone's Syncthing was reset or the folder shared anew");
    road.check();
    road.scan({receipt.name});
    const auto look = road.look(receipt, now);
    if (look.verdict.arrival != Arrival::delivered) return {std::nullopt, look.verdict.reason, "", true};
    if (look.proof->version != receipt.delivery->version || look.proof->device != receipt.delivery->device)
        return {std::nullopt, {"pixel.proof_stale", "the phone has another version than the one whose delivery was stored"}, "", true};
    if (now - receipt.delivery->at < settings.pixel.dwell)
        return {PixelProof::delivered, {"pixel.dwelling", "it has not been on the phone for pixel.dwell yet"}, look.proof->weakness, true};
    return {PixelProof::dwelt, not_freed, look.proof->weakness, true};
}

}  // namespace mediaferry::syncthing
