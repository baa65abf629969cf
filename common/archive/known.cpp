// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/known.h"

#include <charconv>

#include "common/files/files.h"
#include "common/media_db/runs.h"

namespace mediaferry::archive {
namespace {

constexpr std::string_view kUuid = "archive.uuid";
constexpr std::string_view kHouse = "archive.house";

/// Tells this house's temporary files from those of another one that shares the archive.
std::string house_tag(media_db::MediaDb& db, Timestamp now) {
    media_db::Facts facts{db};
    if (const auto tag = facts.get(kHouse)) return *tag;
    const auto tag = files::read_small_file("/proc/sys/kernel/random/uuid").substr(0, 8);
    facts.set(kHouse, tag, now);
    return tag;
}

}  // namespace

std::optional<std::string> known_uuid(media_db::MediaDb& db) { return media_db::Facts(db).get(kUuid); }

void remember(media_db::MediaDb& db, const Marker& marker, Timestamp now) { media_db::Facts(db).set(kUuid, marker.uuid, now); }

Archive open_known(media_db::MediaDb& db, const config::Archive& settings, Timestamp now, Writer writer) {
    const auto known = known_uuid(db);
    auto archive = Archive::open(settings, known, std::move(writer));
    if (!known) remember(db, archive.marker(), now);
    return archive;
}

Writer writer_of(media_db::MediaDb& db, RunId run, Timestamp now) {
    const auto house = house_tag(db, now);
    return {house + "-" + std::to_string(run.value), [&db, house](std::string_view tag) {
                if (!tag.starts_with(house + "-")) return false;
                const auto number = tag.substr(house.size() + 1);
                RunId id;
                const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), id.value);
                if (error != std::errc{} || end != number.data() + number.size()) return false;
                const auto row = media_db::Runs(db).run(id);
                return !row || row->finished.has_value();
            }};
}

}  // namespace mediaferry::archive
