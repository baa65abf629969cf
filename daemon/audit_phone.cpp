// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_phone.h"

#include "common/errors/errors.h"
#include "common/syncthing/proof.h"
#include "common/syncthing/receipt.h"

namespace mediaferry::daemon {

using media_db::MediaItem;
using syncthing::Receipt;

namespace {

Unreached away(const Error& error) {
    return {"syncthing", error.code(), full_message(error), dynamic_cast<const SignInRequired*>(&error) != nullptr};
}

/// What a receipt must hold for the level that its row claims; "" when it does.
std::string what_lacks(const media_db::Copy& copy, const Receipt& receipt) {
    if (receipt.sha256 != to_hex(copy.sha256)) return "its receipt is of other bytes";
    if (receipt.name != copy.path.string()) return "its receipt is of another file in the outbox";
    if (copy.proof == "staged") return "";
    if (!receipt.delivery || receipt.delivery->version.empty()) return "its receipt proves no delivery";
    if (copy.proof == "freed" && !receipt.freed) return "its receipt proves no deletion by the phone";
    if (copy.proof == "freed" &&
        (!receipt.freed->version.descends_from(receipt.delivery->version) || receipt.freed->version == receipt.delivery->version))
        return "the deletion in its receipt is not one of what was delivered";
    return "";
}

}  // namespace

void AuditPhone::open(Ledger& ledger) {
    try {
        road_.emplace(settings_);
        road_->check();
    } catch (const Error& error) {
        ledger.unreached(away(error));
        road_.reset();
    }
}

void AuditPhone::file(const AuditFacts& facts, Ledger& ledger) {
    if (!facts.pixel) return;
    std::optional<Receipt> receipt;
    try {
        receipt = syncthing::receipt_from_json(facts.pixel->receipt);
    } catch (const Error&) {
        return ledger.expect(false, "I3", facts.item, "its receipt of the phone cannot be read");
    }
    const auto lacks = what_lacks(*facts.pixel, *receipt);
    ledger.expect(lacks.empty(), "I3", facts.item, lacks);
    if (!lacks.empty() || !road_) return;
    try {
        ask(facts.item, *facts.pixel, *receipt, ledger);
    } catch (const Error& error) {
        ledger.unreached(away(error));
        road_.reset();
    }
}

void AuditPhone::ask(const MediaItem& item, const media_db::Copy& copy, const Receipt& receipt, Ledger& ledger) {
    if (copy.proof == "freed") {
        const auto answer = road_->ask(receipt.name);
        // What a reset of Syncthing forgot proves nothing, either way.
        if (!answer || !answer->global.present()) return;
        ledger.expect(answer->global.deleted || answer->global.version != receipt.delivery->version, "I3", item,
                      "counts as freed by the phone, and Syncthing knows of no deletion of what was delivered");
        return;
    }
    // Taken out of the outbox by ourselves after its level was proven: the receipt is what is left of it.
    if (copy.removed || receipt.kept || copy.proof == "staged") return;
    still_delivered(item, receipt, ledger);
}

void AuditPhone::still_delivered(const MediaItem& item, const Receipt& receipt, Ledger& ledger) {
    using syncthing::Arrival;
    const auto phone = road_->phone();
    if (!phone.present) return ledger.unreached({"syncthing", phone.reason.code, phone.reason.text});
    const auto look = road_->look(receipt, clock_.now());
    switch (look.verdict.arrival) {
        case Arrival::delivered:
            return ledger.expect(look.proof && look.proof->version == receipt.delivery->version && look.proof->device == receipt.delivery->device,
                                 "I3", item, "the phone has another version than the one whose delivery was proven");
        case Arrival::deleted_there:
            // The phone frees what it was given: pixel_verify judges that when it next looks.
            return ledger.expect(true, "I3", item, "");
        default: return ledger.expect(false, "I3", item, "counts as delivered, and does not any more: " + look.verdict.reason.text);
    }
}

}  // namespace mediaferry::daemon
