// SPDX-License-Identifier: GPL-3.0-or-later
// Receipts as media.db keeps them: what was proven is read back as it was written, or not at all.
#include "common/syncthing/receipt.h"

#include "common/archive/receipt.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;

FUZZ(receipt) {
    fuzz::attempt([&] {
        const auto receipt = syncthing::receipt_from_json(std::string(input));
        const auto text = syncthing::to_json(receipt);
        fuzz::require(syncthing::to_json(syncthing::receipt_from_json(text)) == text, "a receipt that is written is read otherwise");
        if (receipt.delivery) fuzz::require(!receipt.delivery->version.empty(), "a delivery of no version");
    });
    fuzz::attempt([&] {
        media_db::Copy copy;
        copy.receipt = input;
        archive::archive_of(copy);
    });
}
