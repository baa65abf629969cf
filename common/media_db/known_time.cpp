// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/known_time.h"

#include <nlohmann/json.hpp>

#include "common/log/log.h"
#include "common/media_db/runs.h"

namespace mediaferry::media_db {

namespace {

constexpr std::string_view kClock = "clock";

}  // namespace

std::optional<ClockReading> known_time(const MediaDb& db) {
    const auto text = Facts(const_cast<MediaDb&>(db)).get(kClock);
    const auto kept = nlohmann::json::parse(text.value_or(""), nullptr, false);
    if (!kept.is_object()) return std::nullopt;
    ClockReading known{kept.value("boot", ""),
                       std::chrono::seconds{kept.value("since_boot", std::int64_t{0})},
                       Timestamp{std::chrono::seconds{kept.value("wall", std::int64_t{0})}},
                       {}};
    if (kept.contains("doubted")) known.doubted = std::chrono::seconds{kept.value("doubted", std::int64_t{0})};
    return known;
}

void keep_time(MediaDb& db, const TrustedClock& clock) {
    const auto now = clock.now();
    const auto& known = clock.reading();
    nlohmann::json kept{{"boot", known.boot}, {"since_boot", known.since_boot.count()}, {"wall", known.wall.time_since_epoch().count()}};
    if (known.doubted) kept["doubted"] = known.doubted->count();
    Facts(db).set(kClock, kept.dump(), now);
    if (clock.doubts())
        log::warning("the clock was set by more than an hour: for a day time goes on as it was",
                     {{"CLOCK", to_iso(SystemClock{}.now())}, {"BELIEVED", to_iso(now)}});
}

}  // namespace mediaferry::media_db
