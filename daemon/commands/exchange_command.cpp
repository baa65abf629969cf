// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>

#include "common/errors/errors.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/exchange_commands.h"
#include "daemon/open_house.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

struct ExchangeVerb {
    const char* name;
    const char* usage;
    std::vector<std::string> switches, values;
    int (*run)(const exchange::House&, const ExchangeWords&, bool json);
};

const std::vector<ExchangeVerb>& exchange_verbs() {
    static const std::vector<ExchangeVerb> rows{
        {"analyze", "--remote-db THEIRS [--dry-run]", {"dry-run"}, {"remote-db"}, exchange_analyze},
        {"show", "[LIST]", {}, {}, exchange_show},
        {"export", "LIST --output-dir DIR [--dry-run]", {"dry-run"}, {"output-dir"}, exchange_export},
        {"import", "LIST --import-dir DIR [--dry-run|--verify]", {"dry-run", "verify"}, {"import-dir"}, exchange_import},
        {"verify", "LIST", {}, {}, exchange_verify},
        {"cleanup", "LIST", {}, {}, exchange_clean_up},
        {"receive", "[--quiet]", {"quiet"}, {}, exchange_receive},
    };
    return rows;
}

std::string usage_of(const ExchangeVerb& verb) { return std::string("usage: mediaferry exchange ") + verb.name + " " + verb.usage; }

ExchangeWords words_of(const ExchangeVerb& verb, const std::vector<std::string>& given) {
    ExchangeWords result;
    for (std::size_t i = 1; i < given.size(); ++i) {
        const auto& word = given[i];
        if (!word.starts_with("--")) {
            result.words.push_back(word);
            continue;
        }
        const auto equals = word.find('=');
        const auto name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
        if (std::ranges::find(verb.switches, name) != verb.switches.end() && equals == std::string::npos) {
            result.options[name];
        } else if (std::ranges::find(verb.values, name) != verb.values.end()) {
            if (equals == std::string::npos && i + 1 == given.size()) throw UsageError{"usage.exchange", word + " needs a value; " + usage_of(verb)};
            result.options[name] = equals == std::string::npos ? given[++i] : word.substr(equals + 1);
        } else {
            throw UsageError{"usage.option", "exchange " + std::string(verb.name) + " has no option " + word + "; " + usage_of(verb)};
        }
    }
    return result;
}

/// One line that is drawn over, on a terminal only.
std::function<void(std::size_t, std::size_t)> transfer_progress() {
    if (::isatty(STDERR_FILENO) == 0) return {};
    const auto drawn = std::make_shared<std::chrono::steady_clock::time_point>();
    return [drawn](std::size_t done, std::size_t all) {
        const auto now = std::chrono::steady_clock::now();
        if (done < all && now - *drawn < std::chrono::milliseconds{200}) return;
        *drawn = now;
        std::cerr << "\r" << done << " of " << all << " files" << (done < all ? "" : "\n") << std::flush;
    };
}

}  // namespace

std::string ExchangeWords::needed(const std::string& name) const {
    const auto found = options.find(name);
    if (found == options.end() || found->second.empty())
        throw UsageError{"usage.exchange", "--" + name + " is needed; see mediaferry exchange --help"};
    return found->second;
}

std::string ExchangeWords::list() const {
    if (words.size() != 1) throw UsageError{"usage.exchange", "give one list's id; `mediaferry exchange show` lists them"};
    return words.front();
}

int exchange_command(const Options& options, const config::Settings& settings) {
    const auto& what = options.words.front();
    std::vector<std::string> names;
    for (const auto& row : exchange_verbs()) names.emplace_back(row.name);
    const auto verb = std::ranges::find(exchange_verbs(), what, [](const ExchangeVerb& row) { return std::string(row.name); });
    if (verb == exchange_verbs().end()) {
        const auto near = nearest(what, names);
        throw UsageError{"usage.verb", "unknown command 'exchange " + what + "'" + (near.empty() ? "" : " (did you mean " + near + "?)")};
    }
    const auto words = words_of(*verb, options.words);
    if (words.words.size() > 1) throw UsageError{"usage.words", usage_of(*verb)};
    catch_stop_signals();
    auto db = open_house(settings);
    const SystemClock clock;
    const exchange::House house{db, settings, clock, [] { return stop_signal() != 0; }, {}, transfer_progress()};
    try {
        return verb->run(house, words, options.json);
    } catch (const Interrupted& error) {
        std::cerr << error.what() << "\n";
        return 128 + stop_signal();
    }
}

}  // namespace mediaferry::daemon
