// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry why`: where a file stands, what it waits for, what still keeps it in iCloud.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/icloud/census_gate.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"
#include "daemon/blockers.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/why_census.h"
#include "daemon/find_items.h"
#include "daemon/open_house.h"
#include "daemon/table.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;
using media_db::MediaDb;
using media_db::MediaItem;
using media_db::StepRow;

/// The copy that counts: on the phone a freed one is gone and still proof.
std::optional<media_db::Copy> copy_that_counts(MediaDb& db, MediaId id, Place place) {
    std::optional<media_db::Copy> best;
    for (auto& copy : media_db::Evidence{db}.of(id))
        if (copy.place == place && (!copy.removed || copy.proof == "freed")) best = std::move(copy);
    return best;
}

bool names(const std::optional<media_db::Plan>& plan, AssetId asset) {
    return plan && std::ranges::any_of(plan->items, [&](const auto& item) { return item.asset == asset; });
}

std::optional<AssetFacts> facts_of(MediaDb& db, const MediaItem& item) {
    if (!item.asset) return std::nullopt;
    const media_db::Catalogue catalogue{db};
    auto asset = catalogue.asset(*item.asset);
    if (!asset) return std::nullopt;
    AssetFacts facts{std::move(*asset), catalogue.resources(*item.asset), {}};
    for (auto& file : catalogue.items_of(*item.asset)) {
        auto nas = copy_that_counts(db, file.id, Place::nas), pixel = copy_that_counts(db, file.id, Place::pixel);
        facts.files.push_back({std::move(file), std::move(nas), std::move(pixel)});
    }
    const media_db::Plans plans{db};
    facts.planned = names(plans.open_plan("proposed"), *item.asset);
    facts.approved = names(plans.open_plan("approved"), *item.asset);
    return facts;
}

/// What is said of this photo, and what is said of all of them: the census gate.
std::vector<std::string> all_blockers(MediaDb& db, const AssetFacts& facts, const config::Settings& settings, Timestamp now) {
    auto blockers = deletion_blockers(facts, settings, now);
    if (facts.asset.deleted || facts.asset.gone) return blockers;
    if (const auto gate = icloud::census_gate(db)) blockers.push_back("nothing at all is deleted (" + gate->code + "): " + gate->text);
    return blockers;
}

/// A photo with several files goes through some stages as one: the file of it that has not come there yet; "" for none.
std::string late_sibling(MediaDb& db, const StepRow& step) {
    const auto* stage = stages::find_stage(step.stage);
    const auto item = media_db::Catalogue{db}.item(step.media);
    if (!stage || stage->unit != pipeline::Unit::asset || !item || !item->asset) return "";
    for (const auto& other : media_db::Catalogue{db}.items_of(*item->asset))
        for (const auto& row : media_db::Conveyor{db}.steps(other.id))
            if (row.stage == step.stage && !row.open && row.status != pipeline::StepStatus::done) return other.filename;
    return "";
}

std::string waits_for(MediaDb& db, const StepRow& step, const config::Settings& settings, const std::vector<StepRow>& all, Timestamp now) {
    using enum pipeline::StepStatus;
    if (step.status == done) return step.reason ? step.reason->text : "";
    if (step.status == attention) return (step.reason ? step.reason->text : "") + " (mediaferry release " + std::to_string(step.media.value) + ")";
    if (!settings.stage_enabled(step.stage)) return "switched off";
    if (!step.open) {
        std::string missing;
        for (const auto after :
             stages::effective_after(*stages::find_stage(step.stage), [&](std::string_view s) { return settings.stage_enabled(s); })) {
            const auto row = std::ranges::find(all, after, &StepRow::stage);
            if (row == all.end() || row->status != done) missing += (missing.empty() ? "after " : " and ") + std::string{after};
        }
        return missing;
    }
    std::string text = step.reason ? step.reason->text : "";
    if (step.not_before > now) text += (text.empty() ? "" : "; ") + std::string{"tried again from "} + to_iso(step.not_before) + " on";
    if (!text.empty()) return text;
    const auto late = late_sibling(db, step);
    return late.empty() ? "at the next run" : "goes together with " + late + " of the same photo (mediaferry why " + late + ")";
}

std::vector<StepRow> in_house_order(std::vector<StepRow> steps) {
    std::ranges::sort(steps, {}, [](const StepRow& step) {
        const auto* row = stages::find_stage(step.stage);
        return row ? stages::number_of(*row) : 99;
    });
    return steps;
}

json_t as_json(MediaDb& db, const config::Settings& settings, const MediaItem& item, Timestamp now) {
    json_t out{{"id", item.id.value},
               {"filename", item.filename},
               {"icloud_id", item.icloud_id},
               {"status", item.status},
               {"resource", to_text(item.resource)},
               {"kind", to_text(item.kind)},
               {"local_path", item.local_path ? json_t(item.local_path->string()) : json_t(nullptr)}};
    out["steps"] = json_t::array();
    const auto steps = in_house_order(media_db::Conveyor{db}.steps(item.id));
    for (const auto& step : steps)
        out["steps"].push_back({{"stage", step.stage},
                                {"status", pipeline::to_text(step.status)},
                                {"open", step.open},
                                {"attempts", step.attempts},
                                {"not_before", step.not_before > now ? json_t(to_iso(step.not_before)) : json_t(nullptr)},
                                {"reason", step.reason ? json_t{{"code", step.reason->code}, {"text", step.reason->text}} : json_t(nullptr)},
                                {"waits_for", waits_for(db, step, settings, steps, now)}});
    const auto facts = facts_of(db, item);
    out["in_icloud"] = facts ? json_t(!facts->asset.deleted && !facts->asset.gone) : json_t(nullptr);
    out["blocks_deletion"] = facts ? all_blockers(db, *facts, settings, now) : std::vector<std::string>{};
    return out;
}

void print(MediaDb& db, const config::Settings& settings, const MediaItem& item, Timestamp now) {
    std::cout << item.filename << " (id " << item.id.value << ", " << to_text(item.resource) << ", " << to_text(item.kind) << ", "
              << to_text(item.size) << "): " << item.status << "\n";
    if (item.local_path) std::cout << "  original: " << item.local_path->string() << "\n";
    Table table{{"stage", "status", "waits for"}};
    const auto steps = in_house_order(media_db::Conveyor{db}.steps(item.id));
    for (const auto& step : steps) table.add({step.stage, std::string{pipeline::to_text(step.status)}, waits_for(db, step, settings, steps, now)});
    std::cout << table.text("  ");
    const auto facts = facts_of(db, item);
    if (!facts) {
        std::cout << "  iCloud has not listed it: nothing of it will be deleted there\n";
    } else if (facts->asset.deleted) {
        std::cout << "  deleted from iCloud on " << to_iso(*facts->asset.deleted) << "\n";
    } else if (facts->asset.gone) {
        std::cout << "  deleted from iCloud by somebody else, seen on " << to_iso(*facts->asset.gone) << "\n";
    } else if (const auto blockers = all_blockers(db, *facts, settings, now); blockers.empty()) {
        std::cout << "  nothing we know of keeps it in iCloud: it goes with the next run of icloud_delete\n";
    } else {
        std::cout << "  stays in iCloud because\n";
        for (const auto& blocker : blockers) std::cout << "    - " << blocker << "\n";
    }
}

}  // namespace

int why_command(const Options& options, const config::Settings& settings) {
    auto db = look_at_house(settings);
    if (options.words.front() == kCensusWord) return why_census(db, options.json);
    const auto now = SystemClock{}.now();
    const auto found = items_meant(db, options.words.front());
    if (options.json) {
        json_t out = json_t::array();
        for (const auto& item : found) out.push_back(as_json(db, settings, item, now));
        std::cout << out.dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
    } else {
        for (const auto& item : found) print(db, settings, item, now);
    }
    return 0;
}

}  // namespace mediaferry::daemon
