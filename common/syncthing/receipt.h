#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What we keep of a file's way to the phone: the JSON in copy.receipt. It begins when the file is staged, becomes a proof when the phone has
// exactly that version, and ends with the phone's own deletion of it. It outlives Syncthing's memory, which a reset of the phone erases.

#include <cstdint>
#include <optional>
#include <string>

#include "common/errors/errors.h"
#include "common/syncthing/answers.h"
#include "common/syncthing/version.h"
#include "common/types/bytes.h"
#include "common/types/timestamp.h"

namespace mediaferry::syncthing {

/// The phone had exactly this version.
struct Delivery {
    std::string device;  ///< full id of the phone
    VersionVector version;
    Timestamp at{};
    std::string server, phone;          ///< the two Syncthing versions
    std::int64_t sequence = 0;          ///< of the phone's index, then
    std::string weakness;               ///< "" | "before_1_20" | "ignores_unseen": why this is weaker than it looks (weakness_text())
    std::optional<Timestamp> dwelt_at;  ///< first found delivered for the dwell
};

/// The phone itself deleted what had been delivered.
struct Freed {
    VersionVector version;   ///< of the deletion
    Timestamp phone_time{};  ///< when the phone's scan noticed it, by the phone's clock
    Timestamp at{};          ///< when we saw and stored it
};

/// A deletion on the phone that does not look like "Free up space"; kept, because its signs vanish.
struct Held {
    Reason reason;
    Timestamp at{};
};

/// We took the file out of the outbox ourselves, after the asked level was proven and asked once more.
struct Kept {
    std::string level;  ///< delivered | dwelt
    Timestamp at{};
};

struct Receipt {
    std::string folder, name;
    Bytes size;
    Moment modified;
    std::string sha256;  ///< of the staged bytes, as we read them
    std::optional<Delivery> delivery;
    std::optional<Freed> freed;
    std::optional<Held> held;
    std::optional<Kept> kept;
};

std::string to_json(const Receipt&);
/// Throws BadInput ("pixel.receipt") for anything to_json() did not write.
Receipt receipt_from_json(const std::string&);

/// One sentence for a person; "" for no weakness.
std::string weakness_text(const std::string& weakness);

}  // namespace mediaferry::syncthing
