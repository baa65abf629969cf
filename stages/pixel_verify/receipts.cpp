// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/pixel_verify/receipts.h"

#include <nlohmann/json.hpp>

#include "common/log/log.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {
namespace {

using syncthing::PixelCopy;

void add_event(media_db::MediaDb& db, RunId run, const PixelCopy& pixel, const char* what, nlohmann::json detail, Timestamp now) {
    media_db::Event event;
    event.at = now;
    event.media = pixel.copy.media;
    event.run = run;
    event.stage = "pixel_verify";
    event.what = what;
    detail["name"] = pixel.receipt.name;
    event.detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    media_db::Events{db}.add(event);
}

/// Writes proof, receipt and event together.
void write(media_db::MediaDb& db, RunId run, PixelCopy& pixel, const std::string& proof, const char* what, nlohmann::json detail, Timestamp now) {
    media_db::Transaction transaction{db, MF_COMMIT("pixel_verify.receipts.write")};
    pixel.copy.proof = proof;
    pixel.copy.receipt = syncthing::to_json(pixel.receipt);
    media_db::Evidence{db}.proven(pixel.copy.id, proof, pixel.receipt.delivery ? pixel.receipt.delivery->at : now, now, pixel.copy.receipt);
    add_event(db, run, pixel, what, std::move(detail), now);
    transaction.commit();
    log::info("receipt stored", {{"MEDIA_ID", pixel.copy.media.value}, {"WHAT", what}});
}

}  // namespace

void store_delivery(media_db::MediaDb& db, RunId run, PixelCopy& pixel, const syncthing::Delivery& delivery) {
    pixel.receipt.delivery = delivery;
    pixel.receipt.held.reset();
    nlohmann::json detail{{"version", syncthing::to_texts(delivery.version)}, {"server", delivery.server}, {"phone", delivery.phone}};
    if (!delivery.weakness.empty()) detail["weakness"] = delivery.weakness;
    write(db, run, pixel, "delivered", "delivered", std::move(detail), delivery.at);
}

void store_freed(media_db::MediaDb& db, RunId run, PixelCopy& pixel, const syncthing::Freed& freed) {
    pixel.receipt.freed = freed;
    write(db, run, pixel, "freed", "freed", {{"version", syncthing::to_texts(freed.version)}, {"phone_time", to_iso(freed.phone_time)}}, freed.at);
}

void store_doubt(media_db::MediaDb& db, RunId run, PixelCopy& pixel, const Reason& reason, Timestamp now) {
    pixel.receipt.held = syncthing::Held{reason, now};
    write(db, run, pixel, pixel.copy.proof, "freed_doubted", {{"code", reason.code}, {"text", reason.text}}, now);
}

void store_kept(media_db::MediaDb& db, RunId run, PixelCopy& pixel, const std::string& level, Timestamp now) {
    pixel.receipt.kept = syncthing::Kept{level, now};
    write(db, run, pixel, pixel.copy.proof, "kept", {{"level", level}}, now);
}

void store_removed(media_db::MediaDb& db, RunId run, const PixelCopy& pixel, Timestamp now) {
    media_db::Transaction transaction{db, MF_COMMIT("pixel_verify.receipts.store_removed")};
    media_db::Evidence{db}.removed(pixel.copy.id, now);
    add_event(db, run, pixel, "outbox_cleared", nlohmann::json::object(), now);
    transaction.commit();
}

}  // namespace mediaferry::stages
