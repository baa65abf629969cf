// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/episodes.h"

#include "common/media_db/runs.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

namespace {
std::string key_of(const std::string& stage) { return "episode." + stage; }
}  // namespace

void Episodes::failed(const std::string& stage, int exit_code, const Reason& reason, int failures_in_a_row, Timestamp now) {
    const bool person = exit_code == kSignIn || exit_code == kConfig;
    if (!person && exit_code == kTryLater && failures_in_a_row < 2) return;
    media_db::Facts facts{db_};
    const auto known = facts.get(key_of(stage));
    if (known == reason.code) return;
    facts.set(key_of(stage), reason.code, now);
    tell_({stage + (person ? " needs you" : " has stopped"), reason.text, true});
}

void Episodes::went_well(const std::string& stage, Timestamp now) {
    media_db::Facts facts{db_};
    if (!facts.get(key_of(stage))) return;
    facts.forget(key_of(stage));
    tell_({stage + " works again", "since " + to_iso(now), false});
}

}  // namespace mediaferry::daemon
