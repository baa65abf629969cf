#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of Syncthing as the tests of this folder need them: a file that has arrived, from which each test takes something away.

#include <string>

#include "common/syncthing/proof.h"

namespace mediaferry::syncthing::test {

inline const std::string kServer = "SRVAAAA-BBBBBBB-CCCCCCC-DDDDDDD-EEEEEEE-FFFFFFF-GGGGGGG-HHHHHHH";
inline const std::string kPhone = "PHNAAAA-BBBBBBB-CCCCCCC-DDDDDDD-EEEEEEE-FFFFFFF-GGGGGGG-HHHHHHH";
inline const std::string kOther = "OTHAAAA-BBBBBBB-CCCCCCC-DDDDDDD-EEEEEEE-FFFFFFF-GGGGGGG-HHHHHHH";
inline const Timestamp kNoon = *from_iso("2026-11-20T12:00:00Z");
inline const Moment kTaken{*from_iso("2024-06-01T10:00:00Z"), 5};

inline FileEntry entry(const VersionVector& version, const std::string& by = "SRVAAAA") {
    FileEntry made;
    made.name = "IMG_1-1.HEIC";
    made.is_file = true;
    made.size = 10;
    made.modified = kTaken;
    made.modified_by = by;
    made.version = version;
    return made;
}

inline const VersionVector kSent{{{"SRVAAAA", 796}}};
inline const VersionVector kFreed{{{"SRVAAAA", 796}, {"PHNAAAA", 799}}};

/// The phone has exactly what is in the outbox.
inline FileAnswer arrived() { return {{{kPhone, false}}, entry(kSent), entry(kSent)}; }

/// The phone has deleted it; the outbox still has it (facts D.1, the send-only row).
inline FileAnswer deleted_by_phone(Timestamp when = kNoon + std::chrono::hours{72}) {
    auto gone = entry(kFreed, "PHNAAAA");
    gone.deleted = true;
    gone.size = 0;
    gone.modified = Moment{when, 0};
    return {{{kPhone, false}}, gone, entry(kSent)};
}

inline Receipt staged() {
    Receipt receipt;
    receipt.folder = "pixel";
    receipt.name = "IMG_1-1.HEIC";
    receipt.size = {10};
    receipt.modified = kTaken;
    receipt.sha256 = std::string(64, 'a');
    return receipt;
}

inline Receipt delivered_at_noon() {
    auto receipt = staged();
    receipt.delivery = Delivery{kPhone, kSent, kNoon, "v1.29.5", "v1.29.5", 11, "", std::nullopt};
    return receipt;
}

inline const OnDisk kDisk{{10}, kTaken};

}  // namespace mediaferry::syncthing::test
