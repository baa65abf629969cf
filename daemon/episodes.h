#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Trouble of a stage as a person hears of it: once when it begins, once when it is over. Remembered in media.db, so a restart repeats nothing.

#include <functional>
#include <string>

#include "common/errors/errors.h"
#include "common/media_db/media_db.h"
#include "common/types/timestamp.h"

namespace mediaferry::daemon {

class Episodes {
public:
    struct Message {
        std::string subject, text;
        bool trouble = true;  ///< false: it is over
    };
    using Tell = std::function<void(const Message&)>;
    Episodes(media_db::MediaDb& db, Tell tell) : db_(db), tell_(std::move(tell)) {}

    /// The stage failed as a whole, for this reason. A first miss that the next try may heal is not yet told, unless a person is needed.
    void failed(const std::string& stage, int exit_code, const Reason&, int failures_in_a_row, Timestamp now);
    void went_well(const std::string& stage, Timestamp now);

private:
    media_db::MediaDb& db_;
    Tell tell_;
};

}  // namespace mediaferry::daemon
