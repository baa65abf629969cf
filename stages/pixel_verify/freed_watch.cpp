// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/pixel_verify/freed_watch.h"

#include <algorithm>
#include <thread>

#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/syncthing/canary.h"
#include "common/syncthing/proof_now.h"
#include "stages/pixel_verify/receipts.h"

namespace mediaferry::stages {
namespace {

using stage::Run;
using syncthing::PixelCopy;
using syncthing::Road;

constexpr std::chrono::milliseconds kQuiet{1000};
constexpr int kPatience = 10;

/// Delivered copies among the names, not freed and not doubted before.
std::vector<PixelCopy> candidates(Run& run, const std::vector<std::string>& names) {
    std::vector<PixelCopy> result;
    for (const auto& name : names) {
        const auto copy = media_db::Evidence{run.db()}.pixel_copy_named(name);
        if (!copy || copy->path.string() != name || copy->proof == "freed") continue;
        PixelCopy pixel{*copy, syncthing::receipt_from_json(copy->receipt)};
        if (pixel.receipt.delivery && !pixel.receipt.held) result.push_back(std::move(pixel));
    }
    return result;
}

void check_canary(Run& run, Road& road, const std::string& canary) {
    const auto answer = road.ask(canary);
    if (!answer || !answer->global.deleted) return;
    const auto alarm = syncthing::raise_canary_alarm(run.db(), canary, run.now());
    throw NeedsPerson{alarm.code, alarm.text};
}

void check_kinds(Run& run, const std::vector<PixelCopy>& deleted) {
    for (const auto& pixel : deleted) {
        const auto item = media_db::Catalogue{run.db()}.item(pixel.copy.media);
        if (!item || syncthing::google_can_own(item->kind)) continue;
        const auto alarm = syncthing::raise_canary_alarm(run.db(), pixel.receipt.name, run.now());
        throw NeedsPerson{alarm.code, alarm.text};
    }
}

/// True once the phone's index has stood still for a moment: a deletion of everything arrives in pieces, and the canary may come last.
bool stands_still(Run& run, Road& road) {
    auto sequence = road.phone().sequence;
    for (int tries = 0; tries < kPatience && !run.stop_requested(); ++tries) {
        std::this_thread::sleep_for(kQuiet);
        const auto now = road.phone().sequence;
        if (now == sequence) return true;
        sequence = now;
    }
    return false;
}

}  // namespace

void watch_for_freed(Run& run, Road& road, const std::string& canary) {
    check_canary(run, road, canary);
    const auto& phone = road.check().phone;
    if (candidates(run, syncthing::deleted_on_phone(road.need(), phone)).empty()) return;
    if (!stands_still(run, road)) return;

    const auto need = road.need();
    const auto made = syncthing::made_on_phone(need, phone);
    auto deleted = candidates(run, syncthing::deleted_on_phone(need, phone));
    check_canary(run, road, canary);
    check_kinds(run, deleted);

    const auto distrusted = syncthing::distrusted_since(run.db());
    std::vector<std::pair<PixelCopy, syncthing::Freed>> believed;
    for (auto& pixel : deleted) {
        const auto answer = road.ask(pixel.receipt.name);
        const auto freed = answer ? syncthing::freed(*answer, pixel.receipt, phone, run.now()) : std::nullopt;
        if (!freed) continue;
        if (const auto reason = syncthing::doubt(*freed, pixel.receipt, made, run.settings().pixel.dwell, distrusted))
            store_doubt(run.db(), run.id(), pixel, *reason, run.now());
        else
            believed.emplace_back(std::move(pixel), *freed);
    }
    if (believed.empty() || !road.phone().present) return;
    for (auto& [pixel, freed] : believed) store_freed(run.db(), run.id(), pixel, freed);
}

}  // namespace mediaferry::stages
