// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/policy_change.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "stages/compress/policy.h"
#include "stages/compress/tiers.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;
using media_db::MediaItem;

constexpr std::size_t kAtOnce = 500;

/// Processor seconds for each unit of work: a megapixel of a photo, a second of a clip.
struct Rate {
    double units = 0, cpu = 0;      ///< seen in this house
    double usual;                   ///< until it has seen any (facts/compression.md C.4, E): a search and a check; x265 fast at 1080p
    double bytes_each;              ///< of an original whose size in units nobody has written down
    double each() const { return units > 0 ? cpu / units : usual; }
};

struct Part {
    std::int64_t files = 0;
    Bytes bytes;
    double photo_units = 0, video_units = 0;
};

struct Change {
    std::map<std::pair<std::string, std::string>, Part> parts;  ///< by tier and kind
    std::vector<MediaId> files;
    Rate photo{0, 0, 0.1, 0.3e6}, video{0, 0, 6.3, 2.1e6};
    double hours(const Part& part) const { return (part.photo_units * photo.each() + part.video_units * video.each()) / 3600; }
};

double units_of(const MediaItem& item, const Record& record, const Rate& rate) {
    const auto found = record.measures.find(item.kind == MediaKind::video ? "seconds" : "megapixels");
    return found != record.measures.end() && found->second > 0 ? found->second : static_cast<double>(item.size.count) / rate.bytes_each;
}

bool is_done(media_db::MediaDb& db, MediaId id) {
    return std::ranges::any_of(media_db::Conveyor(db).steps(id),
                               [](const auto& step) { return step.stage == "compress" && step.status == pipeline::StepStatus::done; });
}

void consider(Change& change, const config::Compress& settings, media_db::MediaDb& db, const MediaItem& item, Timestamp now) {
    const auto record = record_from(item.compression_metadata);
    if (!record) return;
    const bool video = item.kind == MediaKind::video;
    auto& rate = video ? change.video : change.photo;
    const double units = units_of(item, *record, rate);
    if (record->cpu_seconds > 0) {
        rate.units += units;
        rate.cpu += record->cpu_seconds;
    }
    const auto& tier = tier_now(settings, item.taken, record, now);
    if (record->policy == policy_of(settings, tier, item) || !is_done(db, item.id)) return;
    auto& part = change.parts[{tier.name, std::string{to_text(item.kind)}}];
    ++part.files;
    part.bytes += item.size;
    if (policy_text(settings, tier, item) != kWhole) (video ? part.video_units : part.photo_units) += units;
    change.files.push_back(item.id);
}

Change look_for_it(const stage::VerbCall& call, Timestamp now) {
    Change change;
    MediaId last{0};
    for (;;) {
        const auto page = Catalogue(*call.db).items_after(last, kAtOnce);
        if (page.empty()) return change;
        for (const auto& item : page) consider(change, call.settings.compress, *call.db, item, now);
        last = page.back().id;
        if (call.stop && call.stop()) throw Interrupted{"interrupted", "asked to stop before anything was changed"};
    }
}

/// Some hundred files in one transaction: a million of them would else be a million waits for the disk. Interrupted, the next call goes on.
void open_again(const stage::VerbCall& call, const std::vector<MediaId>& files, Timestamp now) {
    for (std::size_t begin = 0; begin < files.size(); begin += kAtOnce) {
        if (call.stop && call.stop()) throw Interrupted{"interrupted", "asked to stop; called again it goes on with the rest"};
        media_db::Transaction transaction{*call.db, MF_COMMIT("compress.policy_change")};
        for (std::size_t i = begin; i < std::min(files.size(), begin + kAtOnce); ++i) media_db::Conveyor(*call.db).redo(files[i], "compress", now);
        transaction.commit();
    }
}

void tell_json(const Change& change, bool dry_run) {
    nlohmann::ordered_json out{{"dry_run", dry_run}, {"files", change.files.size()}, {"bytes", 0}, {"cpu_hours", 0.0}, {"parts", nlohmann::json::array()}};
    std::uint64_t bytes = 0;
    double hours = 0;
    for (const auto& [name, part] : change.parts) {
        bytes += part.bytes.count;
        hours += change.hours(part);
        out["parts"].push_back({{"tier", name.first},
                                {"kind", name.second},
                                {"files", part.files},
                                {"bytes", part.bytes.count},
                                {"cpu_hours", change.hours(part)}});
    }
    out["bytes"] = bytes;
    out["cpu_hours"] = hours;
    std::cout << out.dump(2) << "\n";
}

void tell(const Change& change, bool dry_run) {
    if (change.files.empty()) {
        std::cout << "every small copy was made by the policy that the config holds now\n";
        return;
    }
    std::printf("%-10s %-6s %9s %12s %10s\n", "tier", "kind", "files", "originals", "CPU hours");
    double hours = 0;
    for (const auto& [name, part] : change.parts) {
        std::printf("%-10s %-6s %9lld %12s %10.2f\n", name.first.c_str(), name.second.c_str(), static_cast<long long>(part.files),
                    to_text(part.bytes).c_str(), change.hours(part));
        hours += change.hours(part);
    }
    const bool seen = change.photo.units > 0 || change.video.units > 0;
    std::printf("%zu files, about %.2f CPU hours (%s)\n", change.files.size(), hours,
                seen ? "as this house's files took so far" : "as files usually take; none was made here yet");
    std::printf("%s\n", dry_run ? "nothing was changed; without --dry-run compress makes them again at its next runs"
                                : "compress makes them again at its next runs");
    std::fflush(stdout);
}

}  // namespace

int redo_after_policy_change(const stage::VerbCall& call) {
    const auto now = SystemClock{}.now();
    const auto change = look_for_it(call, now);
    if (!call.dry_run) open_again(call, change.files, now);
    if (call.json)
        tell_json(change, call.dry_run);
    else
        tell(change, call.dry_run);
    return 0;
}

}  // namespace mediaferry::stages
