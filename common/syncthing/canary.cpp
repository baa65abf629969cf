// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/canary.h"

#include <nlohmann/json.hpp>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"

namespace mediaferry::syncthing {
namespace {

constexpr auto kCanary = "pixel.canary";
constexpr auto kAlarm = "pixel.alarm";
constexpr auto kDistrusted = "pixel.distrusted_since";

std::string canary_name(int number) { return number == 1 ? "mediaferry-canary.txt" : "mediaferry-canary-" + std::to_string(number) + ".txt"; }

/// Places a new canary under that name, unless another run was faster.
void place_as(Road& road, const std::string& name) {
    const auto staging = road.outbox().parent_path() / ".mediaferry-staging";
    files::make_directories(staging);
    const auto unfinished = staging / files::temporary_name();  // of this run alone
    MF_AROUND("syncthing.canary.write",
              files::replace_small_file(
                  unfinished,
                  "This file belongs to mediaferry. Google Photos cannot take it, so \"Free up space\" never removes it.\n"
                  "Please leave it alone on the phone: if it disappears there, mediaferry stops believing that freed photos were uploaded.\n",
                  0644));
    try {
        MF_AROUND("syncthing.canary.place", files::move_file(unfinished, road.outbox() / name));
    } catch (const Error& error) {
        files::remove_file(unfinished);
        if (error.code() != "file.exists") throw;
    }
}

/// The canary that lies in the outbox, made if there is none. That file alone says whether there is one: its row is missing after a death in between,
/// and two runs may be here at once. Syncthing is asked before the disk: what it knows and is not there was deleted, and that name must not look
/// deleted again.
std::string place_canary(Road& road) {
    for (int number = 1;; ++number) {
        const auto name = canary_name(number);
        const bool used_up = road.ask(name).has_value();
        if (!files::status_of(road.outbox() / name)) {
            if (used_up) continue;
            place_as(road, name);
        }
        road.scan({name});
        return name;
    }
}

void tell(media_db::MediaDb& db, const char* what, const std::string& why, Timestamp now) {
    media_db::Event event;
    event.at = now;
    event.stage = "pixel_verify";
    event.what = what;
    event.detail = nlohmann::json{{"why", why}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    media_db::Events{db}.add(event);
}

}  // namespace

std::string ensure_canary(media_db::MediaDb& db, Road& road, Timestamp now) {
    media_db::Facts facts{db};
    const auto known = facts.get(kCanary);
    const bool there = known && fs::exists(road.outbox() / *known);
    if (there) {
        if (const auto alarm = canary_alarm(db)) throw NeedsPerson{alarm->code, alarm->text};
        return *known;
    }
    const auto name = place_canary(road);
    media_db::Transaction transaction{db, MF_COMMIT("syncthing.canary.known")};
    if (canary_alarm(db)) {  // asked here: another run may have ended it
        facts.forget(kAlarm);
        distrust(db, "the alarm about files deleted on the phone was ended by hand", now);
    }
    facts.set(kCanary, name, now);
    transaction.commit();
    return name;
}

std::optional<Reason> canary_alarm(media_db::MediaDb& db) {
    const auto what = media_db::Facts{db}.get(kAlarm);
    if (!what) return std::nullopt;
    return Reason{"pixel.canary",
                  "the phone deleted " + *what +
                      ", which Google Photos cannot own: something else than 'Free up space' deletes there (a file "
                      "manager, a cleaner app, a person). Nothing it deletes counts as uploaded now. Find out what it was; then remove " +
                      media_db::Facts{db}.get(kCanary).value_or("mediaferry-canary.txt") + " from the outbox to go on"};
}

Reason raise_canary_alarm(media_db::MediaDb& db, const std::string& what_was_deleted, Timestamp now) {
    media_db::Transaction transaction{db, MF_COMMIT("syncthing.canary.alarm")};
    media_db::Facts{db}.set(kAlarm, what_was_deleted, now);
    tell(db, "canary_alarm", what_was_deleted, now);
    transaction.commit();
    log::error("phone deletes what Google Photos cannot own", {{"FILE", what_was_deleted}});
    return *canary_alarm(db);
}

Timestamp distrusted_since(media_db::MediaDb& db) {
    const auto text = media_db::Facts{db}.get(kDistrusted);
    return text ? from_iso(*text).value_or(Timestamp{}) : Timestamp{};
}

void distrust(media_db::MediaDb& db, const std::string& why, Timestamp now) {
    media_db::Transaction transaction{db, MF_COMMIT("syncthing.canary.distrust")};
    media_db::Facts{db}.set(kDistrusted, to_iso(now), now);
    tell(db, "deliveries_distrusted", why, now);
    transaction.commit();
    log::warning("deliveries to the phone must be proven again", {{"WHY", why}});
}

}  // namespace mediaferry::syncthing
