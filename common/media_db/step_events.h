#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: the event that tells of a step.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "common/media_db/evidence.h"

namespace mediaferry::media_db {

inline void tell(MediaDb& db, MediaId media, std::optional<RunId> run, const std::string& stage, const std::string& what,
                 const std::optional<Reason>& reason, Timestamp now) {
    Event event;
    event.at = now;
    event.media = media;
    event.run = run;
    event.stage = stage;
    event.what = what;
    if (reason) {
        const nlohmann::json detail{{"reason", reason->code}, {"text", reason->text}};
        event.detail = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }
    Events(db).add(event);
}

}  // namespace mediaferry::media_db
