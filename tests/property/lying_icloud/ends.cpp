// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold when all is well again: nothing stuck, nothing lost, nothing done twice, the books whole.
#include <algorithm>

#include "common/media_db/reports.h"
#include "stages/house.h"
#include "tests/property/lying_icloud/digests.h"
#include "tests/property/lying_icloud/world.h"

namespace mediaferry::lying {
namespace {

std::vector<media_db::MediaItem> all_items(media_db::MediaDb& db) {
    std::vector<media_db::MediaItem> out;
    for (std::int64_t id = 1;; ++id) {
        auto item = media_db::Catalogue(db).item(MediaId{id});
        if (!item) return out;  // numbers have no holes: nothing removes a row
        out.push_back(std::move(*item));
    }
}

}  // namespace

/// A stage that cannot run at all says so of its run, not of each file.
bool World::stopped(std::string_view stage) {
    const auto run = media_db::Runs(house_.db()).latest_finished(stage);
    return run && run->reason;
}

/// I7: done, waiting with a reason, or a person's; and what is closed waits for one that is.
void World::nothing_is_stuck() {
    using enum pipeline::StepStatus;
    std::set<std::string> explained;  // photos one of whose files says why: the others go with it
    for (const auto& item : all_items(house_.db()))
        for (const auto& step : media_db::Conveyor(house_.db()).steps(item.id))
            if (step.open && step.status != done && step.reason) explained.insert(item.icloud_id);
    for (const auto& item : all_items(house_.db())) {
        const auto steps = media_db::Conveyor(house_.db()).steps(item.id);
        const bool excused = explained.contains(item.icloud_id);
        for (const auto& step : steps) {
            if (step.status == done || (step.status == attention && step.reason)) continue;
            const bool waits = step.status == pending && (step.reason || excused || (step.open && stopped(step.stage)));
            if (!waits)
                wrong(item.filename + " (" + item.icloud_id + ") is stuck in " + step.stage + ": " + std::string{pipeline::to_text(step.status)} +
                      (step.open ? ", open" : ", closed") + ", and nothing says why");
        }
    }
}

/// What was taken in is somewhere: still in iCloud, on the NAS, at home, or at Google. What a hand destroyed on the NAS is that hand's doing.
void World::nothing_is_lost() {
    std::set<std::string> there;
    for (const auto& [path, seen] : judge_.nas()) there.insert(seen.first);
    for (const auto& file : files_below(house_.dir / "media")) there.insert(sha256_hex(bytes_of(file).value_or("")));
    for (const auto& asset : apple_.library.assets)
        if (!asset.deleted)
            for (const auto* file : asset.files()) there.insert(file->sha256);
    for (const auto& item : all_items(house_.db())) {
        const auto sha = to_hex(item.sha256);
        if (!there.contains(sha) && !spoilt_.contains(sha)) wrong("the bytes of " + item.filename + " (" + item.icloud_id + ") are nowhere any more");
    }
}

/// I10: with nothing new the house comes to rest, and two rounds in a row then fetch, write and change nothing. What a plan may take at once
/// (max_per_run), and a hand's work on the NAS that is only found when a photo's turn comes, take a few rounds before that.
void World::nothing_is_done_twice() {
    constexpr int kRoundsToRest = 24;
    const auto items = all_items(house_.db()).size();
    std::string done;
    for (int round_no = 0, quiet = 0; round_no < kRoundsToRest; ++round_no) {
        done = done_in_a_round();
        quiet = done.empty() ? quiet + 1 : 0;
        if (quiet == 2) break;
    }
    if (!done.empty()) wrong("a run that had nothing to do" + done);
    if (all_items(house_.db()).size() != items) wrong("a file was taken in twice");
}

/// What one more round fetched, wrote or changed; "" nothing.
std::string World::done_in_a_round() {
    const auto sent = apple_.files_sent, changes = apple_.modifications;
    const auto nas = judge_.nas();
    const auto local = files_below(house_.dir / "media").size();
    round();
    std::string done;
    if (apple_.files_sent != sent) done += "; fetched " + std::to_string(apple_.files_sent - sent) + " files";
    if (apple_.modifications != changes) done += "; changed iCloud";
    if (const auto after = judge_.nas(); after != nas) {
        done += "; wrote to the NAS:";
        for (const auto& [path, seen] : after)
            if (const auto before = nas.find(path); before == nas.end() || before->second != seen) done += " " + path;
    }
    if (files_below(house_.dir / "media").size() != local) done += "; files came or went at home";
    return done;
}

void World::books_are_whole() {
    for (const auto& fault : media_db::Upkeep(house_.db()).check()) wrong("media.db: " + fault);
}

}  // namespace mediaferry::lying
