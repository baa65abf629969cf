// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/restore/drill.h"

#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "common/media_db/runs.h"
#include "common/restore/restorer.h"

namespace mediaferry::restore {
namespace {

using media_db::MediaItem;

constexpr std::string_view kGood = "drill.good", kLast = "drill.last";
constexpr auto kOften = std::chrono::days{90};

/// Files that count as on the NAS, by lot.
std::vector<MediaItem> drawn(media_db::MediaDb& db, std::int64_t count, std::uint64_t seed) {
    const media_db::Catalogue catalogue{db};
    const auto last = catalogue.last_item().value;
    std::vector<MediaItem> found;
    std::mt19937_64 lot{seed};
    std::set<std::int64_t> seen;
    while (static_cast<std::int64_t>(found.size()) < count && static_cast<std::int64_t>(seen.size()) < last) {
        const MediaId id{static_cast<std::int64_t>(lot() % static_cast<std::uint64_t>(last)) + 1};
        if (!seen.insert(id.value).second) continue;
        auto item = catalogue.item(id);
        if (item && item->synced_nas && media_db::Evidence{db}.current(id, Place::nas)) found.push_back(std::move(*item));
    }
    return found;
}

/// Gone when the drill is over, however it ends.
struct Ground {
    fs::path path;
    explicit Ground(fs::path where) : path(std::move(where)) {
        if (fs::exists(fs::symlink_status(path))) throw TransientError{"drill.scratch", path.string() + " is in the way of the drill"};
        files::make_directories(path);
        fs::permissions(path, fs::owner_all);
    }
    ~Ground() {
        boost::system::error_code ignored;
        fs::remove_all(path, ignored);
    }
    Ground(const Ground&) = delete;
    Ground& operator=(const Ground&) = delete;
};

/// What is wrong with the restored file, judged apart from the code that restored it; "" for nothing.
std::string what_is_wrong(const MediaItem& item, const fs::path& file) {
    const auto digests = files::digest_file(file);
    if (digests.sha256 != item.sha256) return "its SHA-256 is not the one taken on arrival";
    if (!item.apple_checksum.empty() && digests.apple_checksum != item.apple_checksum) return "its checksum is not the one that Apple gave";
    if (digests.size != item.size) return "its size is another";
    if (fs::last_write_time(file) != static_cast<std::time_t>(item.taken.time_since_epoch().count())) return "its time is not when it was taken";
    return "";
}

void write_down(media_db::MediaDb& db, const Drill& drill, Timestamp now) {
    nlohmann::ordered_json detail{{"files", drill.files}, {"good", drill.good}, {"bytes", drill.bytes.count}, {"seed", drill.seed}};
    media_db::Transaction transaction{db, MF_COMMIT("restore.drill.result")};
    media_db::Facts facts{db};
    facts.set(kLast, detail.dump(), now);
    if (drill.passed()) facts.set(kGood, detail.dump(), now);
    for (const auto& bad : drill.bad) detail["bad"].push_back(bad.id.value);
    media_db::Events(db).add({0, now, std::nullopt, std::nullopt, std::nullopt, "", drill.passed() ? "drill_passed" : "drill_failed", detail.dump()});
    transaction.commit();
}

}  // namespace

Drill drill(media_db::MediaDb& db, const config::Settings& settings, const Clock& clock, archive::Archive& archive, std::int64_t count,
            std::uint64_t seed, const fs::path& scratch, const archive::Stop& stop) {
    Drill result;
    result.seed = seed;
    const Ground ground{scratch};
    Sources sources{db, settings, clock, &archive, ground.path / "sources", stop};
    // Only the NAS: a drill that comes home with what was at home has proven nothing.
    Restorer restorer{db, settings, &archive, sources, {ground.path / "restored", false, false, false, {From::nas}}, stop};
    for (const auto& item : drawn(db, count, seed)) {
        ++result.files;
        result.bytes += item.size;
        const auto restored = restorer.photo({item}).front();
        const auto file = ground.path / "restored" / restored.path;
        const auto wrong = restored.reason                          ? restored.reason->text
                           : restored.how != Restored::How::written ? "it lay there already"
                                                                    : what_is_wrong(item, file);
        if (wrong.empty())
            ++result.good;
        else
            result.bad.push_back({item.id, item.filename, wrong});
        // Large libraries are drilled in little space.
        fs::remove(file);
    }
    write_down(db, result, clock.now());
    if (!result.bad.empty()) log::error("restore drill failed", {{"FILES", result.files}, {"GOOD", result.good}});
    return result;
}

std::optional<Timestamp> last_good_drill(media_db::MediaDb& db) { return media_db::Facts(db).written(kGood); }

std::string drill_nudge(media_db::MediaDb& db, const config::Settings& settings, Timestamp now) {
    if (!settings.archive.enabled) return "";
    const auto last = last_good_drill(db);
    if (last && now - *last <= kOften) return "";
    std::int64_t archived = 0;
    for (const auto& row : media_db::Reports(db).proofs())
        if (row.place == "nas") archived += row.files;
    if (archived == 0) return "";
    const std::string when = last ? "the last restore drill that passed was on " + to_iso(*last).substr(0, 10) : "no restore drill has passed yet";
    return when + ": mediaferry archive verify --drill 20";
}

}  // namespace mediaferry::restore
