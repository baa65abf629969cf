// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry audit`: the promise, checked.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "daemon/audit.h"
#include "daemon/commands/commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/percent.h"
#include "daemon/slow_talk.h"
#include "daemon/stop_signal.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;

constexpr std::size_t kShown = 20;
const std::vector<std::string> kAway{"nas", "syncthing", "icloud"};

std::set<std::string> left_out(const Options& options) {
    if (options.offline) return {kAway.begin(), kAway.end()};
    std::set<std::string> parts;
    std::istringstream words{options.without.value_or("")};
    words.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would end before what it has no room for
    for (std::string part; std::getline(words, part, ',');) {
        if (std::ranges::find(kAway, part) == kAway.end())
            throw UsageError{"usage.audit", "--without " + part + ": there is nas, syncthing and icloud, joined by commas"};
        parts.insert(part);
    }
    return parts;
}

AuditWanted wanted_by(const Options& options, SlowTalk& talk) {
    if (options.full && options.sample) throw UsageError{"usage.audit", "either --full or --sample P%"};
    AuditWanted wanted;
    wanted.without = left_out(options);
    if (options.full) wanted.percent = 100;
    if (options.sample) wanted.percent = percent_from(*options.sample, "--sample");
    wanted.seed = options.seed ? seed_from(*options.seed) : std::random_device{}();
    wanted.stop = [] { return stop_signal() != 0; };
    wanted.progress = [&talk](const std::string& doing, std::int64_t done, std::int64_t of) { talk(doing, done, of); };
    return wanted;
}

json_t as_json(const Audit& result, const AuditWanted& wanted, bool offline) {
    json_t invariants = json_t::array(), unreached = json_t::array();
    for (const auto& row : result.invariants) {
        json_t items = json_t::array();
        for (const auto& one : row.first)
            items.push_back({{"id", one.item ? json_t(one.item->value) : json_t(nullptr)}, {"filename", one.filename}, {"what", one.what}});
        invariants.push_back(
            {{"name", row.name}, {"promise", row.promise}, {"checked", row.checked}, {"violations", row.violations}, {"items", items}});
    }
    for (const auto& one : result.unreached) unreached.push_back({{"part", one.part}, {"code", one.code}, {"text", one.text}});
    return {
        {"holds", result.holds()},
        {"exit_code", result.exit_code()},
        {"offline", offline},
        {"looked_at", result.looked_at},
        {"left_out", wanted.without},
        {"unreached", unreached},
        {"bytes", {{"percent", wanted.percent}, {"seed", wanted.seed}, {"files_read", result.files_read}, {"bytes_read", result.bytes_read.count}}},
        {"invariants", invariants}};
}

void print(const Audit& result, const AuditWanted& wanted) {
    Table table{{"", ">checked", ">violations", "promise"}};
    for (const auto& row : result.invariants) table.add({row.name, std::to_string(row.checked), std::to_string(row.violations), row.promise});
    std::cout << table.text();
    for (const auto& row : result.invariants) {
        for (std::size_t i = 0; i < std::min(kShown, row.first.size()); ++i) {
            const auto& one = row.first[i];
            std::cout << row.name << " " << (one.item ? std::to_string(one.item->value) + " " + one.filename + ": " : "") << one.what << "\n";
        }
        if (row.violations > static_cast<std::int64_t>(kShown))
            std::cout << row.name << " and " << row.violations - static_cast<std::int64_t>(kShown) << " more (--json names up to 1000)\n";
    }
    std::string parts;
    for (const auto& part : result.looked_at) parts += (parts.empty() ? "" : ", ") + part;
    std::cout << "looked at " << parts << "; ";
    if (wanted.percent > 0)
        std::cout << "read " << result.files_read << " files again (" << to_text(result.bytes_read) << ", " << wanted.percent << "%, seed "
                  << wanted.seed << ")\n";
    else
        std::cout << "no bytes were read again (--sample 5%, or --full)\n";
    for (const auto& one : result.unreached) std::cout << "NOT LOOKED AT: " << one.part << ": " << one.text << "\n";
    if (!result.violated() && !result.unreached.empty()) std::cout << "nothing is violated where it could look; that is not all\n";
}

}  // namespace

int audit_command(const Options& options, const config::Settings& settings) {
    SlowTalk talk{!options.no_progress};
    const auto wanted = wanted_by(options, talk);
    catch_stop_signals();
    auto db = look_at_house(settings);
    try {
        const auto result = audit(db, settings, wanted, SystemClock{});
        if (options.json)
            std::cout << as_json(result, wanted, options.offline).dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
        else
            print(result, wanted);
        return result.exit_code();
    } catch (const Interrupted&) {
        return 128 + stop_signal();
    }
}

}  // namespace mediaferry::daemon
