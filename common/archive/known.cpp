// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/known.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
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

/// "12": run 12 has ended; "p345": no process 345 is left.
bool is_dead(media_db::MediaDb& db, std::string_view name) {
    const bool process = name.starts_with('p');
    if (process) name.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || end != name.data() + name.size()) return false;
    if (process) return number > 1 && ::kill(static_cast<pid_t>(number), 0) != 0 && errno == ESRCH;
    const auto row = media_db::Runs(db).run(RunId{number});
    return !row || row->finished.has_value();
}

Writer writer_called(media_db::MediaDb& db, const std::string& name, Timestamp now) {
    const auto house = house_tag(db, now) + "-";
    return {house + name, [&db, house](std::string_view tag) { return tag.starts_with(house) && is_dead(db, tag.substr(house.size())); }};
}

}  // namespace

std::optional<std::string> known_uuid(media_db::MediaDb& db) { return media_db::Facts(db).get(kUuid); }

void remember(media_db::MediaDb& db, const Marker& marker, Timestamp now) { media_db::Facts(db).set(kUuid, marker.uuid, now); }

Archive open_known(media_db::MediaDb& db, const config::Archive& settings, Timestamp now, Writer writer) {
    const auto known = known_uuid(db);
    if (writer.tag.empty()) writer = writer_called(db, "p" + std::to_string(::getpid()), now);
    auto archive = Archive::open(settings, known, std::move(writer));
    if (!known) remember(db, archive.marker(), now);
    return archive;
}

Writer writer_of(media_db::MediaDb& db, RunId run, Timestamp now) { return writer_called(db, std::to_string(run.value), now); }

}  // namespace mediaferry::archive
