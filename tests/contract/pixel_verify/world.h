#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A house with a phone: the outbox is the folder of a real Syncthing, shared with a second real one. Files are put into the outbox as pixel_sync
// leaves them there (its own tests are next door).

#include "common/syncthing/receipt.h"
#include "tests/support/house.h"
#include "tests/support/syncthing_pair.h"

namespace mediaferry::test {

class PhoneWorld {
public:
    PhoneWorld();

    House house;
    SyncthingPair pair;

    /// A photo that pixel_sync is done with, in the outbox under `name`.
    MediaId staged(const std::string& name, unsigned seed = 1, MediaKind kind = MediaKind::photo, std::size_t size = 20'000);
    /// staged(), then pixel_verify: the phone has it and the proof level `delivered` is stored.
    MediaId delivered(const std::string& name, unsigned seed = 1, MediaKind kind = MediaKind::photo);
    /// pixel_verify, a second after whatever was before.
    stage::WorkResult run() {
        house.clock.advance(std::chrono::seconds{1});
        return house.run("pixel_verify");
    }

    fs::path outbox() const { return house.settings.folders.pixel_sync; }
    std::string proof(MediaId);           ///< of its newest pixel copy, removed or not
    syncthing::Receipt receipt(MediaId);  ///< likewise
    std::string reason(MediaId id) { return house.reason(id, "pixel_verify"); }
    bool done(MediaId id) { return house.status(id, "pixel_verify") == pipeline::StepStatus::done; }
};

}  // namespace mediaferry::test
