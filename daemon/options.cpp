// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <numeric>
#include <sstream>

#include "common/errors/errors.h"

namespace mediaferry::daemon {

namespace po = boost::program_options;

namespace {

constexpr std::string_view kDefaultConfig = "/etc/mediaferry/mediaferry.yaml";
constexpr std::size_t kMany = 1000;

struct OptionRow {
    std::string_view name, value, does;
};
const std::vector<OptionRow>& option_rows() {
    static const std::vector<OptionRow> rows{
        {"config", "FILE", "config file (default: $MEDIAFERRY_CONFIG, else /etc/mediaferry/mediaferry.yaml)"},
        {"json", "", "result as JSON"},
        {"help", "", "this text, or that of one verb"},
        {"version", "", "version and exit"},
        {"run-stage", "NAME", "run one stage once, by name or number"},
        {"dry-run", "", "say what would be done, change nothing"},
        {"item", "ID", "this file only"},
        {"limit", "N", "at most N files (whole assets for some stages)"},
        {"start", "N|NAME", "first stage"},
        {"end", "N|NAME", "last stage"},
        {"no-progress", "", "no live progress line"},
        {"follow", "", "show it again and again"},
        {"all", "", "all of them"},
        {"offline", "", "ask nothing but media.db and the folders at home"},
        {"without", "PARTS", "leave these out: nas,syncthing,icloud"},
        {"sample", "P%", "read the bytes of this share of the files again, at least one of every month's folder"},
        {"full", "", "read the bytes of all files again"},
        {"policy-changed", "", "each file whose small copy was made under other rules than the config's"},
        {"seed", "N", "draw the same files as the audit that named this number"},
    };
    return rows;
}

/// What earlier tools called it.
const std::map<std::string, std::string>& old_names() {
    static const std::map<std::string, std::string> names{{"--workflow", "mediaferry run"},      {"--step", "mediaferry --run-stage N"},
                                                          {"--status", "mediaferry status"},     {"--list-steps", "mediaferry stages"},
                                                          {"--no-monitoring", "--no-progress"},  {"--once", "mediaferry run"},
                                                          {"--setup", "mediaferry config setup"}};
    return names;
}

const Verb* find_verb(std::string_view name) {
    const auto found = std::ranges::find(verbs(), name, &Verb::name);
    return found == verbs().end() ? nullptr : &*found;
}

po::options_description describe(bool own_options) {
    po::options_description all;
    for (const auto& row : option_rows()) {
        if (own_options && row.name != "config" && row.name != "json" && row.name != "help") continue;
        const std::string name{row.name};
        if (row.value.empty())
            all.add_options()((name == "help" ? "help,h" : name).c_str(), po::bool_switch());
        else
            all.add_options()(name.c_str(), po::value<std::string>());
    }
    return all;
}

/// The first word that is neither an option nor an option's value.
std::string verb_among(const std::vector<std::string>& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& word = arguments[i];
        if (word == "--") return i + 1 < arguments.size() ? arguments[i + 1] : "";
        if (word.empty() || word[0] != '-') return word;
        const auto row = std::ranges::find_if(option_rows(), [&](const OptionRow& r) { return word == "--" + std::string{r.name}; });
        if (row != option_rows().end() && !row->value.empty()) ++i;
    }
    return "";
}

[[noreturn]] void refuse_option(const std::string& option, const Verb* verb) {
    const std::string name = option.substr(0, option.find('='));
    std::string text = "unknown option " + name;
    if (const auto old = old_names().find(name); old != old_names().end()) {
        text += " (did you mean " + old->second + "?)";
    } else {
        std::vector<std::string> known;
        for (const auto& row : option_rows()) known.push_back("--" + std::string{row.name});
        if (const auto near = nearest(name, known); !near.empty()) text += " (did you mean " + near + "?)";
    }
    throw UsageError{"usage.option", text + "; see mediaferry " + (verb ? std::string{verb->name} + " " : "") + "--help"};
}

void check_options(const po::variables_map& given, const Verb& verb, std::string_view shown) {
    for (const auto& [name, value] : given) {
        if (name == "config" || name == "help" || name == "version" || name == "run-stage") continue;
        if (value.value().type() == typeid(bool) && !value.as<bool>()) continue;
        if (std::ranges::find(verb.options, name) == verb.options.end())
            throw UsageError{"usage.option",
                             "--" + name + " is not an option of " + std::string{shown} + "; see mediaferry " + std::string{verb.name} + " --help"};
    }
}

std::size_t number(const std::string& text) {
    std::size_t value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // 0 would be read as "no limit" further in, which is the last thing that somebody who writes it means.
    if (error != std::errc{} || stop != text.data() + text.size() || value == 0)
        throw UsageError{"usage.number", "--limit " + text + ": write a whole number, 1 or more"};
    return value;
}

std::optional<std::string> text_of(const po::variables_map& given, const char* name) {
    return given.count(name) ? std::optional{given[name].as<std::string>()} : std::nullopt;
}

bool flag(const po::variables_map& given, const char* name) { return given.count(name) && given[name].as<bool>(); }

void check_words(const Options& options, const Verb& verb) {
    const bool stands_for_word = options.all && verb.name == "release";
    if (!stands_for_word && options.words.size() < verb.least_words)
        throw UsageError{"usage.words", "usage: mediaferry " + std::string{verb.name} + " " + std::string{verb.usage}};
    if (options.words.size() > verb.most_words)
        throw UsageError{"usage.words", "'" + options.words[verb.most_words] + "' is one word too many; usage: mediaferry " + std::string{verb.name} +
                                            " " + std::string{verb.usage}};
}

}  // namespace

const std::vector<Verb>& verbs() {
    static const std::vector<Verb> rows{
        {"daemon", "", "runs every stage on its schedule (what systemd starts)"},
        {"run",
         "[--start N|NAME] [--end N|NAME] [--dry-run] [--no-progress]",
         "all stages in order, once",
         {"start", "end", "dry-run", "no-progress"}},
        {"run-stage", "", "one stage once: mediaferry --run-stage NAME [--dry-run] [--item ID] [--limit N]", {"dry-run", "item", "limit"}},
        {"status", "[--json] [--follow]", "how it stands", {"json", "follow"}},
        {"stages", "[--json]", "the stages, their order and schedule", {"json"}},
        {"plan", "[--json]", "what would be deleted from iCloud now, and what is held back", {"json"}},
        {"approve", "PLAN", "allows the deletions of a plan", {"json"}, 1, 1},
        {"why",
         "FILE|ID|census [--json]",
         "where a file stands and what it waits for; census: how iCloud's list and media.db compare",
         {"json"},
         1,
         1},
        {"history", "FILE|ID [--json]", "everything that happened to a file", {"json"}, 1, 1},
        {"attention", "[--json]", "what needs a person", {"json"}},
        {"release", "ID|--all|census", "tries again what needed a person; census: that difference is understood", {"all", "json"}, 1, 1},
        {"redo",
         "STAGE ID | compress --policy-changed [--dry-run] [--json]",
         "does one stage again for a file; or makes each small copy again that the config would now have made otherwise",
         {"json", "policy-changed", "dry-run"},
         1,
         2},
        {"compress",
         "preview FILE… [--tier NAME] [--with SMALL] [--from-copy] [--to DIR] [--json]",
         "tries a tier on your own files: small copies and pictures of before and after in a folder (mediaferry-preview); changes nothing else",
         {"json"},
         2,
         kMany,
         true},
        {"audit",
         "[--offline|--without PARTS] [--sample P% [--seed N]|--full] [--json]",
         "holds the promise against media.db, the folders, the NAS, Syncthing and iCloud; changes nothing",
         {"json", "offline", "without", "sample", "full", "seed", "no-progress"}},
        {"doctor", "[AREA] [--json]", "checks the installation and says what to do", {"json"}, 0, 1},
        {"config", "check|show|init|setup", "the configuration", {"json"}, 1, kMany, true},
        {"auth", "status|login", "the iCloud session", {"json"}, 1, kMany, true},
        {"db", "adopt|backup|check|restore [FILE] [--from-archive] [--yes]", "media.db", {"json"}, 1, kMany, true},
        {"archive", "init|reindex|verify|restore", "the NAS archive", {"json"}, 1, kMany, true},
        {"compare",
         "[LOCAL] [ARCHIVE] [--view safety|pull] [--rules NAME] [--depth N] [--without CLASS] [--include-CLASS] [--checksum] [--sort name|recent] "
         "[--json]",
         "compares a folder here with the archive, target by target; changes nothing",
         {"json"},
         0,
         kMany,
         true},
        {"queue",
         "add|list|run|log|remove|restore",
         "what is to be pulled, pushed or moved to the archive's trash, target by target",
         {"json"},
         1,
         kMany,
         true},
        {"exchange", "analyze|show|export|import|verify|cleanup|receive", "exchange between archives", {"json"}, 1, kMany, true},
    };
    return rows;
}

Options parse_options(const std::vector<std::string>& arguments, const std::map<std::string, std::string>& environment) {
    Options options;
    options.config = std::string{kDefaultConfig};
    if (const auto found = environment.find("MEDIAFERRY_CONFIG"); found != environment.end() && !found->second.empty())
        options.config = found->second;

    const Verb* verb = find_verb(verb_among(arguments));
    const bool own = verb && verb->own_options;
    const auto description = describe(own);
    po::variables_map given;
    std::vector<std::string> rest;
    try {
        const auto parsed = po::command_line_parser(arguments)
                                .options(description)
                                .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                                .allow_unregistered()
                                .run();
        po::store(parsed, given);
        rest = po::collect_unrecognized(parsed.options, po::include_positional);
    } catch (const po::error& error) {
        throw UsageError{"usage.option", std::string{error.what()} + "; see mediaferry --help"};
    }
    if (const auto file = text_of(given, "config")) {
        // A script's empty variable must not quietly become another config.
        if (file->empty()) throw UsageError{"usage.option", "--config wants a file, and was given an empty name"};
        options.config = *file;
    }
    options.json = flag(given, "json");

    if (flag(given, "version")) return options.verb = "version", options;
    if (const auto stage = text_of(given, "run-stage")) {
        verb = find_verb("run-stage");
        options.stage = *stage;
        rest.insert(rest.begin(), "run-stage");
    }
    if (flag(given, "help")) return options.verb = "help", options.topic = verb ? verb->name : "", options;
    if (!own)
        for (const auto& word : rest)
            if (word.size() > 1 && word[0] == '-') refuse_option(word, verb);
    if (rest.empty()) throw UsageError{"usage.verb", "say what to do:\n\n" + help_text()};
    if (rest.front() == "help") return options.verb = "help", options.topic = rest.size() > 1 ? rest[1] : "", options;
    if (!verb || rest.front() != verb->name) {
        std::vector<std::string> known;
        for (const auto& row : verbs()) known.emplace_back(row.name);
        const auto near = nearest(rest.front(), known);
        throw UsageError{"usage.verb", "unknown command '" + rest.front() + "'" + (near.empty() ? "" : " (did you mean " + near + "?)") +
                                           "; see mediaferry --help"};
    }
    if (verb->later) throw UsageError{"usage.later", "mediaferry " + std::string{verb->name} + " comes with a later release"};
    options.verb = verb->name;
    options.words.assign(rest.begin() + 1, rest.end());
    if (verb->name == "run-stage" && options.stage.empty())
        throw UsageError{"usage.verb", "write mediaferry --run-stage NAME; mediaferry stages lists them"};
    options.item = text_of(given, "item");
    options.start = text_of(given, "start");
    options.end = text_of(given, "end");
    if (const auto limit = text_of(given, "limit")) options.limit = number(*limit);
    options.dry_run = flag(given, "dry-run");
    options.no_progress = flag(given, "no-progress");
    options.follow = flag(given, "follow");
    options.all = flag(given, "all");
    options.offline = flag(given, "offline");
    options.without = text_of(given, "without");
    options.sample = text_of(given, "sample");
    options.seed = text_of(given, "seed");
    options.full = flag(given, "full");
    options.policy_changed = flag(given, "policy-changed");
    check_options(given, *verb, verb->name == "run-stage" ? "--run-stage" : verb->name);
    check_words(options, *verb);
    return options;
}

std::string help_text(std::string_view topic) {
    std::ostringstream out;
    out.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would go on without what it has no room for
    const Verb* one = find_verb(topic);
    if (!one) {
        out << "mediaferry ferries photos from iCloud to a phone and a NAS, keeps small copies at home,\n"
               "and deletes from iCloud only what is proven safe.\n\n"
               "usage: mediaferry VERB [options]\n"
               "       mediaferry --run-stage NAME [--dry-run] [--item ID] [--limit N]\n\n";
        for (const auto& verb : verbs()) {
            if (verb.later || verb.name == "run-stage") continue;
            out << "  " << verb.name << std::string(verb.name.size() < 10 ? 11 - verb.name.size() : 1, ' ') << verb.does << "\n";
        }
    } else {
        out << "usage: mediaferry "
            << (one->name == "run-stage" ? "--run-stage NAME [--dry-run] [--item ID] [--limit N]"
                                         : std::string{one->name} + " " + std::string{one->usage})
            << "\n\n  " << one->does << "\n";
    }
    out << "\noptions:\n";
    for (const auto& row : option_rows()) {
        const bool common = row.name == "config" || row.name == "help" || (!one && row.name == "version");
        if (!common && (!one || std::ranges::find(one->options, row.name) == one->options.end())) continue;
        const std::string shown = "--" + std::string{row.name} + (row.value.empty() ? "" : " " + std::string{row.value});
        out << "  " << shown << std::string(shown.size() < 16 ? 17 - shown.size() : 1, ' ') << row.does << "\n";
    }
    if (!one)
        out << "\nexit codes: 0 nothing failed · 1 some items failed or need a person · 64 usage · 65 bad input ·\n"
               "69 a service, module or mount is away · 70 our bug · 75 try later · 77 sign in · 78 config\n";
    return out.str();
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    const auto distance = [&](std::string_view other) {
        std::vector<std::size_t> row(other.size() + 1);
        std::iota(row.begin(), row.end(), std::size_t{0});
        for (std::size_t i = 1; i <= word.size(); ++i) {
            std::size_t diagonal = std::exchange(row[0], i);
            for (std::size_t j = 1; j <= other.size(); ++j)
                diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] == other[j - 1] ? 0U : 1U)}));
        }
        return row.back();
    };
    std::string best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : candidates)
        if (const auto d = distance(candidate); d < least) least = d, best = candidate;
    return best;
}

}  // namespace mediaferry::daemon
