#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What became of an item, in the stage's own words.

#include <chrono>
#include <optional>
#include <variant>

#include "common/errors/errors.h"

namespace mediaferry::stage {

/// The work is done; `note` may say that there was nothing to do, and why.
struct Done {
    std::optional<Reason> note = {};
};
/// Something else must happen first (the phone is away, 48 h must pass). Not a failure: no attempt is counted.
/// `after` absent: asked again at the stage's next run.
struct Wait {
    Reason reason;
    std::optional<std::chrono::seconds> after = {};
};
/// It failed and may work later: attempts + 1, exponential backoff unless `after` says otherwise, attention when exhausted.
struct RetryLater {
    Reason reason;
    std::optional<std::chrono::seconds> after = {};
};
/// Nothing helps but a person.
struct NeedsAttention {
    Reason reason;
};
using Outcome = std::variant<Done, Wait, RetryLater, NeedsAttention>;

}  // namespace mediaferry::stage
