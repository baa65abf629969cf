// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_books.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/media_db/conveyor.h"
#include "common/media_db/runs.h"
#include "daemon/blockers.h"
#include "daemon/status_report.h"
#include "stages/house.h"

namespace mediaferry::daemon {

using media_db::Copy;
using media_db::MediaItem;

bool proven_on_nas(const Copy& copy) { return copy.proof == "read_back" || copy.proof == "settled"; }

/// Proven twice when it counted; a copy that was healed since settles anew.
static bool settled_once(const AuditFacts& facts) {
    return std::ranges::any_of(
        facts.copies, [&](const Copy& copy) { return copy.place == Place::nas && copy.proof == "settled" && copy.sha256 == facts.item.sha256; });
}

/// media.db was rebuilt from the archive, whose books remember that it was at Google. Nobody can prove it a second time, and no deletion counts
/// on it: stages/icloud_delete asks for the proof itself.
static bool remembered_by_the_archive(media_db::MediaDb& db, const MediaItem& item) {
    return std::ranges::any_of(media_db::Events{db}.of(item.id), [&](const media_db::Event& event) {
        return event.media == item.id && event.what == "rebuilt" && nlohmann::json::parse(event.detail).value("claimed_at_google", false);
    });
}

AuditFacts AuditFacts::of(media_db::MediaDb& db, const MediaItem& item) {
    AuditFacts facts{item, media_db::Evidence{db}.of(item.id), {}, {}, {}};
    for (const auto& copy : facts.copies) {
        if (copy.place == Place::nas && !copy.removed) facts.nas = copy;
        if (copy.place == Place::library && !copy.removed) facts.library = copy;
        // A freed copy is gone from the phone, and that is its proof.
        if (copy.place == Place::pixel && (!facts.pixel || proof_rank(copy.proof) >= proof_rank(facts.pixel->proof))) facts.pixel = copy;
    }
    return facts;
}

std::string AuditFacts::folder() const { return nas ? nas->path.parent_path().string() : to_compact(item.taken).substr(0, 6); }

void AuditBooks::file(const AuditFacts& facts, Ledger& ledger) {
    const auto& item = facts.item;
    nas(facts, ledger);
    phone(facts, ledger);
    if (!item.local_path)
        ledger.expect(facts.nas && proven_on_nas(*facts.nas) && facts.nas->sha256 == item.sha256, "I5", item,
                      "the original is gone and not proven on the NAS");
    library(facts, ledger);
    steps(facts, ledger);
    history(facts, ledger);
    for (const auto place : {Place::nas, Place::pixel, Place::library})
        ledger.expect(std::ranges::count_if(facts.copies, [&](const Copy& copy) { return copy.place == place && !copy.removed; }) <= 1, "I10", item,
                      "has several copies in " + std::string{to_text(place)});
}

void AuditBooks::nas(const AuditFacts& facts, Ledger& ledger) {
    const auto& item = facts.item;
    if (!item.synced_nas) return;
    const auto& nas = facts.nas;
    ledger.expect(nas && proven_on_nas(*nas) && nas->proven && nas->sha256 == item.sha256 && nas->size == item.size, "I2", item,
                  "counts as on the NAS without a proof of these bytes");
    if (!nas) return;
    for (const auto& other : media_db::Evidence{db_}.at_path(Place::nas, nas->path))
        ledger.expect(other.removed || other.sha256 == nas->sha256, "I4", item, "shares " + nas->path.string() + " on the NAS with other content");
}

void AuditBooks::phone(const AuditFacts& facts, Ledger& ledger) {
    if (!facts.item.synced_google || (!facts.pixel && remembered_by_the_archive(db_, facts.item))) return;
    const auto wanted = proof_rank(std::string{config::to_text(settings_.pixel.proof)});
    ledger.expect(facts.pixel && proof_rank(facts.pixel->proof) >= wanted && facts.pixel->sha256 == facts.item.sha256, "I3", facts.item,
                  "counts as at Google without such a proof");
}

void AuditBooks::library(const AuditFacts& facts, Ledger& ledger) {
    if (!facts.library) return;
    const bool same = facts.library->sha256 == facts.item.sha256;
    ledger.expect(same || (facts.library->proof == "decoded" && facts.library->size < facts.item.size), "I6", facts.item,
                  "its small copy was not proven to decode, or is not smaller");
}

void AuditBooks::steps(const AuditFacts& facts, Ledger& ledger) {
    const auto& item = facts.item;
    const auto rows = media_db::Conveyor{db_}.steps(item.id);
    for (const auto& step : stages::house())
        if (step.has_rows)
            ledger.expect(std::ranges::find(rows, step.stage, &media_db::StepRow::stage) != rows.end(), "I7", item,
                          "has no step for " + std::string{step.stage});
    for (const auto& step : rows) {
        using enum pipeline::StepStatus;
        if (step.status == attention)
            ledger.expect(step.reason && !step.reason->text.empty(), "I7", item, step.stage + " needs a person and says no reason");
        if (step.status == pending && step.open && step.not_before > now_)
            ledger.expect(step.reason.has_value(), "I7", item, step.stage + " waits and says no reason");
        if (step.status == running)
            ledger.expect(held_by_somebody(step.stage), "I7", item, step.stage + " is held by a process that is gone (its next run takes it back)");
    }
}

bool AuditBooks::held_by_somebody(const std::string& stage) const {
    return std::ranges::any_of(media_db::Runs{db_}.open(stage), [](const auto& run) { return process_exists(run.pid); });
}

void AuditBooks::history(const AuditFacts& facts, Ledger& ledger) {
    const auto events = media_db::Events{db_}.of(facts.item.id);
    const auto count = [&](std::string_view what) {
        return std::ranges::count_if(events, [&](const media_db::Event& event) { return event.what == what; });
    };
    ledger.expect(!events.empty(), "I8", facts.item, "has no history");
    if (facts.nas)
        ledger.expect(count("archived") + count("healed") + count("rebuilt") > 0, "I8", facts.item, "its copy on the NAS is told by no event");
    if (facts.item.deleted_icloud) ledger.expect(count("deleted_from_icloud") > 0, "I8", facts.item, "its deletion from iCloud is told by no event");
    ledger.expect(count("deleted_from_icloud") <= 1, "I10", facts.item, "was deleted from iCloud more than once");
}

void AuditBooks::asset(AssetId id, Ledger& ledger) {
    const media_db::Catalogue catalogue{db_};
    const auto asset = catalogue.asset(id);
    const auto items = catalogue.items_of(id);
    if (!asset || !asset->deleted) {
        for (const auto& item : items) ledger.expect(!item.deleted_icloud, "I1", item, "counts as deleted from iCloud and its photo does not");
        return;
    }
    for (const auto& resource : catalogue.resources(id)) {
        const auto found = std::ranges::find_if(items, [&](const MediaItem& item) { return item.apple_checksum == resource.checksum; });
        const std::string what = asset->filename + ": its " + std::string{to_text(resource.kind)};
        if (found == items.end()) {
            ledger.expect(false, "I1", what + " was never here");
            continue;
        }
        const auto facts = AuditFacts::of(db_, *found);
        if (settings_.icloud_delete.requires_nas())
            ledger.expect(facts.nas && proven_on_nas(*facts.nas) && facts.nas->sha256 == found->sha256 && settled_once(facts), "I1", *found,
                          "is deleted from iCloud and not proven twice on the NAS");
        const auto& sent = settings_.pixel.kinds;
        if (settings_.icloud_delete.requires_google() && std::ranges::find(sent, found->kind) != sent.end()) {
            const auto wanted = proof_rank(std::string{config::to_text(settings_.icloud_delete.google_proof)});
            ledger.expect(facts.pixel && proof_rank(facts.pixel->proof) >= wanted && facts.pixel->sha256 == found->sha256, "I1", *found,
                          "is deleted from iCloud and not proven at Google");
        }
    }
    for (const auto& item : items) ledger.expect(item.deleted_icloud, "I1", item, "is deleted from iCloud and not marked so");
}

void AuditBooks::whole(Ledger& ledger) {
    const media_db::Events events{db_};
    ledger.checked("I8", events.count());
    if (const auto broken = events.broken_at())
        ledger.expect(false, "I8", "event " + std::to_string(*broken) + " does not follow from the one before");
}

}  // namespace mediaferry::daemon
