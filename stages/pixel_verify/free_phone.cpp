// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/pixel_verify/free_phone.h"

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/evidence.h"
#include "common/syncthing/canary.h"
#include "common/syncthing/proof_now.h"
#include "stages/pixel_verify/receipts.h"

namespace mediaferry::stages {
namespace {

using config::FreePhone;
using config::PixelProof;
using stage::Run;
using syncthing::PixelCopy;
using syncthing::Road;

constexpr std::size_t kAtOnce = 5000;

std::vector<PixelCopy> copies(Run& run, const std::vector<std::string>& proofs) {
    std::vector<PixelCopy> result;
    for (const auto& copy : media_db::Evidence{run.db()}.pixel_copies(proofs, kAtOnce))
        result.push_back({copy, syncthing::receipt_from_json(copy.receipt)});
    return result;
}

void take_out(Run& run, Road& road, const PixelCopy& pixel) {
    MF_AROUND("pixel_verify.outbox.remove", files::remove_file(road.outbox() / pixel.receipt.name));
    MF_AROUND("pixel_verify.outbox.fsync", files::sync_directory(road.outbox()));
    store_removed(run.db(), run.id(), pixel, run.now());
}

/// When the file reached or will reach pixel.proof; nullopt: it cannot.
std::optional<Timestamp> reached(const PixelCopy& pixel, PixelProof level, std::chrono::seconds dwell) {
    const auto& delivery = pixel.receipt.delivery;
    if (!delivery || pixel.receipt.held) return std::nullopt;
    if (level == PixelProof::delivered) return delivery->at;
    if (level == PixelProof::dwelt) return delivery->dwelt_at.value_or(delivery->at + dwell);
    return std::nullopt;
}

}  // namespace

void take_out_freed(Run& run, Road& road) {
    if (run.settings().pixel.free_phone.when == FreePhone::When::never) return;
    std::vector<std::string> names;
    for (const auto& pixel : copies(run, {"freed"})) {
        take_out(run, road, pixel);
        names.push_back(pixel.receipt.name);
    }
    if (!names.empty()) road.scan(names);
}

void take_out_aged(Run& run, Road& road) {
    const auto& pixel_settings = run.settings().pixel;
    if (pixel_settings.free_phone.when != FreePhone::When::age || pixel_settings.proof == PixelProof::freed) return;
    const auto distrusted = syncthing::distrusted_since(run.db());
    std::vector<std::string> names;
    for (auto& pixel : copies(run, {"delivered", "dwelt"})) {
        const auto since = reached(pixel, pixel_settings.proof, pixel_settings.dwell);
        if (!since || run.now() - *since < pixel_settings.free_phone.age || pixel.receipt.delivery->at < distrusted) continue;
        const auto look = road.look(pixel.receipt, run.now());
        if (look.verdict.arrival != syncthing::Arrival::delivered || look.proof->version != pixel.receipt.delivery->version) continue;
        store_kept(run.db(), run.id(), pixel, pixel_settings.proof == PixelProof::dwelt ? "dwelt" : "delivered", run.now());
        take_out(run, road, pixel);
        names.push_back(pixel.receipt.name);
    }
    if (!names.empty()) road.scan(names);
}

}  // namespace mediaferry::stages
