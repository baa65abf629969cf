// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/compare/sides.h"
#include "common/errors/errors.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/compare_options.h"
#include "daemon/commands/compare_sides.h"
#include "daemon/exit_code.h"
#include "daemon/stop_signal.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

namespace {

using compare::Target;
using compare::View;
using json_t = nlohmann::ordered_json;

struct Found {
    compare::Result result;
    std::int64_t out_of_date = 0;
    bool indexed = false;
    std::optional<std::string> scanned;
};

Found compare_folders(const config::Settings& settings, const CompareOptions& options) {
    const auto now = SystemClock{}.now();
    auto there = open_archive_side(settings, options.archive, options.asked.checksum, now);
    auto hashes = remembered_hashes(settings, options.local, options.asked.checksum);
    compare::FolderSide here{files::Tree::open(options.local), "", hashes ? &*hashes : nullptr, now, comparing_stopped};
    Found found;
    found.result = compare::compare(here, *there.side, options.asked, {}, comparing_stopped);
    if (options.asked.checksum) here.remember();
    found.indexed = there.indexed != nullptr;
    found.scanned = there.scanned;
    if (there.indexed) found.out_of_date = there.indexed->out_of_date();
    return found;
}

std::string date_text(const Target& target) {
    const auto date = target.recent();
    if (!date) return "";
    return to_iso(Timestamp{std::chrono::sys_days{*date}}).substr(0, 10);
}

json_t tally_json(const compare::Tally& tally) { return {{"files", tally.files}, {"bytes", tally.bytes.count}}; }

json_t as_json(const Target& target, View view) {
    const auto blocks = compare::what_blocks_deletion(target);
    const auto recent = date_text(target);
    return {{"target", target.name},
            {"local", tally_json(target.local)},
            {"archive", tally_json(target.archive)},
            {"same", tally_json(target.same)},
            {"presumed", tally_json(target.presumed)},
            {"differs", tally_json(target.differs)},
            {"only_local", tally_json(target.only_local)},
            {"only_archive", tally_json(target.only_archive)},
            {"left_out", tally_json(target.left_out)},
            {"unknown", target.unknown.files},
            {"status", compare::word_of(compare::status_of(target))},
            {"safe_to_delete", !blocks},
            {"blocked_by", blocks ? json_t{{"code", blocks->code}, {"text", blocks->text}} : json_t(nullptr)},
            {"recent", recent.empty() ? json_t(nullptr) : json_t(recent)},
            {"recommended", compare::word_of(compare::recommended(target, view))}};
}

void print_json(const Found& found, const CompareOptions& options) {
    auto targets = json_t::array();
    for (const auto& target : found.result.targets) targets.push_back(as_json(target, options.view));
    const json_t answer{{"local", options.local.string()},
                        {"archive", options.archive.string()},
                        {"view", options.view == View::safety ? "safety" : "pull"},
                        {"rules", options.asked.rules.name},
                        {"depth", options.asked.depth},
                        {"checksum", options.asked.checksum},
                        {"indexed", found.indexed},
                        {"scanned", found.scanned ? json_t(*found.scanned) : json_t(nullptr)},
                        {"out_of_date", found.out_of_date},
                        {"files", found.result.files},
                        {"hashed", found.result.hashed},
                        {"targets", targets}};
    std::cout << answer.dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
}

void print_table(const Found& found, View view) {
    const bool safety = view == View::safety;
    Table table{safety
                    ? std::vector<std::string>{"Target", ">Local", ">", ">NAS", ">", "Status", "Safe To Delete", "Recent Date", "Recommended Action"}
                    : std::vector<std::string>{"Target", ">NAS", ">", ">Local", ">", "Status", "Recent Date", "Recommended Action"}};
    for (const auto& target : found.result.targets) {
        const auto& first = safety ? target.local : target.archive;
        const auto& second = safety ? target.archive : target.local;
        std::vector<std::string> row{target.name,           std::to_string(first.files),
                                     to_text(first.bytes),  std::to_string(second.files),
                                     to_text(second.bytes), std::string(compare::to_text(compare::status_of(target)))};
        if (safety) {
            const auto blocks = compare::what_blocks_deletion(target);
            row.push_back(blocks ? "No: " + blocks->text : "Yes");
        }
        row.push_back(date_text(target));
        row.emplace_back(compare::to_text(compare::recommended(target, view)));
        table.add(std::move(row));
    }
    if (table.empty())
        std::cout << "no files on either side\n";
    else
        std::cout << table.text();
}

}  // namespace

int compare_command(const Options& given, const config::Settings& settings) {
    const auto options = compare_options(given.words, settings);
    catch_stop_signals();
    try {
        auto found = compare_folders(settings, options);
        if (options.sort_recent) compare::sort_recent(found.result.targets);
        given.json ? print_json(found, options) : print_table(found, options.view);
        if (found.out_of_date > 0)
            std::cerr << found.out_of_date << " files on the NAS are not as the index says; mediaferry archive reindex brings it up to date\n";
        const bool unclear = std::ranges::any_of(found.result.targets, [](const Target& target) { return target.unknown.files > 0; });
        return unclear ? kItemsFailed : 0;
    } catch (const Interrupted&) {
        return 128 + stop_signal();
    }
}

}  // namespace mediaferry::daemon
