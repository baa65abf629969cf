// SPDX-License-Identifier: GPL-3.0-or-later
// exchange analyze, show, export: what goes to another archive.
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/media_db/books.h"
#include "common/media_db/runs.h"
#include "daemon/commands/exchange_commands.h"
#include "daemon/exit_code.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

namespace {

using OrderedJson = nlohmann::ordered_json;

void print_exchange(const OrderedJson& value) { std::cout << value.dump(2, ' ', false, OrderedJson::error_handler_t::replace) << "\n"; }

OrderedJson about(const media_db::ExportList& list) {
    return {{"list", list.id},
            {"status", list.status},
            {"created", to_iso(list.created)},
            {"total_files", list.total},
            {"processed_files", list.exported},
            {"failed_files", list.failed},
            {"bytes", list.bytes.count},
            {"remote_db", list.remote}};
}

OrderedJson about(const media_db::SyncOperation& one) {
    return {{"operation", one.id},
            {"kind", one.kind},
            {"status", one.status},
            {"folder", one.folder},
            {"start_time", to_iso(one.started)},
            {"end_time", one.ended ? OrderedJson(to_iso(*one.ended)) : OrderedJson()},
            {"total_files", one.total},
            {"processed_files", one.processed},
            {"error_count", one.errors}};
}

int show_all(const exchange::House& house, bool json) {
    const media_db::Exchange books{house.db};
    const auto lists = books.lists();
    const auto received = books.record_counts();
    const auto imports = books.imports();
    if (json) {
        OrderedJson rows = OrderedJson::array(), sources = OrderedJson::array(), imported = OrderedJson::array();
        for (const auto& list : lists) rows.push_back(about(list));
        for (const auto& one : imports) {
            imported.push_back({{"list", one.list}});
            imported.back().update(about(one));
        }
        for (const auto& one : received) sources.push_back({{"remote_source", one.source}, {"status", one.status}, {"files", one.files}});
        print_exchange({{"lists", rows}, {"imports", imported}, {"received", sources}});
        return 0;
    }
    if (lists.empty() && imports.empty() && received.empty())
        std::cout << "no export lists and nothing received yet; begin with mediaferry exchange analyze --remote-db THEIRS\n";
    Table table{{"list", "made", "status", ">files", ">exported", ">size"}};
    for (const auto& list : lists)
        table.add({list.id, to_iso(list.created), list.status, std::to_string(list.total), std::to_string(list.exported), to_text(list.bytes)});
    if (!lists.empty()) std::cout << table.text();
    for (const auto& one : imports)
        std::cout << "import of " << one.list << " " << one.status << " " << to_iso(one.ended.value_or(one.started)) << ": " << one.processed << " of "
                  << one.total << " files" << (one.errors > 0 ? ", " + std::to_string(one.errors) + " errors" : "") << "\n";
    for (const auto& one : received) std::cout << "Syncthing folder " << one.source << ": " << one.files << " " << one.status << "\n";
    return 0;
}

/// Albums are listed now and then: what a person did to one since is not in what goes out.
std::optional<Timestamp> albums_are_of(const exchange::House& house) {
    const auto fact = media_db::Facts(house.db).get(media_db::kAlbumsRead);
    return fact ? from_iso(*fact) : std::nullopt;
}

}  // namespace

int exchange_analyze(const exchange::House& house, const ExchangeWords& words, bool json) {
    if (!words.words.empty())
        throw UsageError{"usage.exchange", "analyze takes no word; did you mean mediaferry exchange show " + words.words.front() + "?"};
    const auto result = exchange::analyze(house, words.needed("remote-db"), words.has("dry-run"));
    const auto& found = result.found;
    if (json) {
        print_exchange({{"list", result.list ? OrderedJson(*result.list) : OrderedJson()},
                        {"here", found.here},
                        {"there", found.there},
                        {"both", found.both},
                        {"only_here", found.only_here},
                        {"only_here_bytes", found.only_here_bytes.count},
                        {"only_there", found.only_there},
                        {"only_there_bytes", found.only_there_bytes.count},
                        {"left_out", result.left_out}});
        return 0;
    }
    std::cout << "by content: " << found.here << " files here, " << found.there << " there, " << found.both << " in both\n"
              << "they lack " << found.only_here << " (" << to_text(found.only_here_bytes) << ")\n"
              << "we lack " << found.only_there << " (" << to_text(found.only_there_bytes) << ")"
              << (found.only_there > 0 ? ": let them analyze a copy of our media.db (mediaferry db backup FILE)" : "") << "\n";
    if (result.left_out > 0) std::cout << "too many for one list: " << result.left_out << " are left for the next one\n";
    if (result.list)
        std::cout << "export list: " << *result.list << "\nnext: mediaferry exchange export " << *result.list << " --output-dir DIR\n";
    else if (words.has("dry-run"))
        std::cout << "rehearsal: no list was made\n";
    else
        std::cout << "they have all that is here: no list was made\n";
    return 0;
}

int exchange_show(const exchange::House& house, const ExchangeWords& words, bool json) {
    if (words.words.empty()) return show_all(house, json);
    const auto id = words.list();
    const media_db::Exchange books{house.db};
    const auto list = books.list(id);
    std::vector<media_db::SyncOperation> operations;
    for (const char* kind : {"analyze", "export", "import"})
        if (const auto one = books.operation_for(id, kind)) operations.push_back(*one);
    if (!list && operations.empty()) throw BadInput{"exchange.no_list", "there is no list " + id + " here; `mediaferry exchange show` lists them"};
    if (json) {
        OrderedJson rows = OrderedJson::array();
        for (const auto& one : operations) rows.push_back(about(one));
        print_exchange({{"list", list ? about(*list) : OrderedJson()}, {"operations", rows}});
        return 0;
    }
    if (list)
        std::cout << list->id << ": " << list->status << ", " << list->total << " files (" << to_text(list->bytes) << "), " << list->exported
                  << " exported, " << list->failed << " failed; made " << to_iso(list->created) << " against " << list->remote << "\n";
    for (const auto& one : operations)
        std::cout << one.kind << " " << one.status << ": " << one.processed << " of " << one.total << " files, " << one.errors << " errors"
                  << (one.folder.empty() ? "" : ", in " + one.folder) << "\n";
    return 0;
}

int exchange_export(const exchange::House& house, const ExchangeWords& words, bool json) {
    const bool rehearse = words.has("dry-run");
    const auto result = exchange::export_list(house, words.list(), words.needed("output-dir"), rehearse);
    const auto albums = albums_are_of(house);
    if (json) {
        OrderedJson failed = OrderedJson::array();
        for (const auto& [name, reason] : result.failed) failed.push_back({{"filename", name}, {"code", reason.code}, {"text", reason.text}});
        print_exchange({{"folder", result.folder.string()},
                        {"total_files", result.total},
                        {"exported", result.exported},
                        {"there_before", result.there_before},
                        {"bytes", result.bytes.count},
                        {"albums_of", albums ? OrderedJson(to_iso(*albums)) : OrderedJson()},
                        {"waiting", result.waiting},
                        {"failed", failed}});
    } else if (rehearse) {
        std::cout << "would export " << result.total << " files (" << to_text(result.bytes) << ") to " << result.folder.string() << "\n";
    } else {
        std::cout << result.folder.string() << ": " << result.exported << " files exported, " << result.there_before << " there already, "
                  << result.failed.size() << " failed; " << to_text(result.bytes) << " in all, each read against its SHA-256\n";
        for (const auto& [name, reason] : result.failed) std::cout << "  " << name << ": " << reason.text << "\n";
        if (albums)
            std::cout << "albums are as iCloud had them at " << to_iso(*albums) << " (read every 12 hours; the same export again brings later ones)\n";
        if (result.failed.empty() && result.waiting == 0) std::cout << "next, in the other house: mediaferry exchange import " << words.list() << " --import-dir DIR\n";
    }
    if (result.waiting > 0) {
        std::cerr << "mediaferry: " << result.waiting << " files wait for the archive, which has their only original: " << result.away << ". Then: mediaferry exchange export "
                  << words.list() << " --output-dir DIR, which goes on\n";
        return kUnavailable;
    }
    return result.failed.empty() ? 0 : kItemsFailed;
}

}  // namespace mediaferry::daemon
