// SPDX-License-Identifier: GPL-3.0-or-later
// exchange import, verify, cleanup, receive: what comes from another archive.
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "daemon/commands/exchange_commands.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

namespace {

using Report = nlohmann::ordered_json;

void print_report(const Report& value) { std::cout << value.dump(2, ' ', false, Report::error_handler_t::replace) << "\n"; }

Report as_report(const std::vector<std::pair<std::string, Reason>>& troubles) {
    Report rows = Report::array();
    for (const auto& [what, reason] : troubles) rows.push_back({{"file", what}, {"code", reason.code}, {"text", reason.text}});
    return rows;
}

}  // namespace

int exchange_import(const exchange::House& house, const ExchangeWords& words, bool json) {
    if (words.has("verify")) return exchange_verify(house, words, json);
    const bool rehearse = words.has("dry-run");
    const auto result = exchange::import_list(house, words.list(), words.needed("import-dir"), rehearse);
    if (json) {
        print_report({{"folder", result.folder.string()},
                      {"total_files", result.total},
                      {"imported", result.imported},
                      {"duplicates", result.duplicates},
                      {"bytes", result.bytes.count},
                      {"backup", result.backup.string()},
                      {"rehearsal", rehearse}});
        return 0;
    }
    std::cout << result.folder.string() << ": all " << result.total << " files are what the manifest says\n"
              << (rehearse ? "would import " : "imported ") << result.imported << " (" << to_text(result.bytes) << "), " << result.duplicates
              << " are here already\n";
    if (!result.backup.empty()) std::cout << "media.db as it was before: " << result.backup.string() << "\n";
    if (!rehearse && result.imported > 0)
        std::cout << "they go to the phone and the NAS with the next runs; then: mediaferry exchange verify " << words.list() << "\n";
    return 0;
}

int exchange_verify(const exchange::House& house, const ExchangeWords& words, bool json) {
    const auto result = exchange::verify_import(house, words.list());
    if (json)
        print_report({{"total_files", result.total}, {"good", result.good}, {"bad", as_report(result.bad)}});
    else
        std::cout << result.good << " of " << result.total << " files of the import are here with their SHA-256\n";
    if (!json)
        for (const auto& [path, reason] : result.bad) std::cout << "  " << path << ": " << reason.text << "\n";
    return result.bad.empty() ? 0 : kItemsFailed;
}

int exchange_clean_up(const exchange::House& house, const ExchangeWords& words, bool json) {
    const auto result = exchange::clean_up(house, words.list());
    if (json)
        print_report({{"removed", result.removed}, {"kept", result.kept}});
    else
        std::cout << result.removed << " transferred files removed"
                  << (result.kept > 0 ? ", " + std::to_string(result.kept) +
                                            " kept: they differ from "
                                            "the manifest, or are not safe here yet"
                                      : "")
                  << "\n";
    return result.kept == 0 ? 0 : kItemsFailed;
}

int exchange_receive(const exchange::House& house, const ExchangeWords& words, bool json) {
    if (!words.words.empty()) throw UsageError{"usage.exchange", "receive takes no word: it looks into exchange.remote_sources"};
    if (house.settings.exchange.remote_sources.empty())
        throw ConfigError{"exchange.no_sources",
                          house.settings.file.string() + ": exchange.remote_sources is empty (write the IDs of Syncthing folders)"};
    const auto result = exchange::receive(house);
    const bool nothing_happened = result.received + result.duplicates + result.failed == 0;
    if (words.has("quiet") && nothing_happened) return 0;
    if (json) {
        print_report({{"received", result.received},
                      {"duplicates", result.duplicates},
                      {"waiting", result.waiting},
                      {"failed", result.failed},
                      {"bytes", result.bytes.count},
                      {"troubles", as_report(result.troubles)}});
    } else {
        std::cout << "received " << result.received << " files (" << to_text(result.bytes) << "), " << result.duplicates << " were here already, "
                  << result.waiting << " are still on their way, " << result.failed << " failed\n";
        for (const auto& [what, reason] : result.troubles) std::cout << "  " << what << ": " << reason.text << "\n";
    }
    return result.failed == 0 ? 0 : kItemsFailed;
}

}  // namespace mediaferry::daemon
