// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry doctor`: looks, and says what to do.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "daemon/checks.h"
#include "daemon/commands/commands.h"
#include "daemon/exit_code.h"
#include "daemon/stage_module.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;

std::string_view word(Finding::Kind kind) {
    using enum Finding::Kind;
    return kind == good ? "ok" : kind == note ? "note" : "BAD";
}

/// The config's sections are areas too.
std::string area_of(const std::string& word) {
    static const std::map<std::string, std::string> others{{"archive", "nas"}, {"pixel", "syncthing"}, {"phone", "syncthing"},
                                                           {"db", "database"}, {"auth", "icloud"},     {"compress", "codecs"}};
    const auto found = others.find(word);
    return found == others.end() ? word : found->second;
}

const Area& area_named(const std::string& word) {
    const auto name = area_of(word);
    std::vector<std::string> known;
    for (const auto& area : areas()) {
        if (area.name == name) return area;
        known.emplace_back(area.name);
    }
    const auto near = nearest(name, known);
    std::string text = "no area '" + name + "'" + (near.empty() ? "" : " (did you mean " + near + "?)") + "; areas:";
    for (const auto& one : known) text += " " + one;
    throw UsageError{"usage.area", text};
}

Findings findings_of(const Area& area, const config::Settings& settings) {
    try {
        return area.check(settings);
    } catch (const std::exception& error) {
        if (out_of_memory(error)) throw OutOfMemory{};
        return {{Finding::Kind::bad, full_message(error), "see above"}};
    }
}

}  // namespace

const std::vector<Area>& areas() {
    static const std::vector<Area> rows{{"folders", check_folders},   {"config", check_config},   {"database", check_database},
                                        {"icloudpd", check_icloudpd}, {"icloud", check_icloud},   {"syncthing", check_syncthing},
                                        {"nas", check_nas},           {"modules", check_modules}, {"codecs", check_codecs},
                                        {"system", check_system}};
    return rows;
}

int doctor_command(const Options& options, const config::Settings& settings) {
    // What check_modules() starts: load one module, say nothing, end.
    constexpr std::string_view kProbe = "module:";
    if (!options.words.empty() && options.words[0].starts_with(kProbe)) return load_stage(options.words[0].substr(kProbe.size()), settings), 0;
    std::vector<Area> asked = areas();
    if (!options.words.empty()) asked = {area_named(options.words[0])};
    int code = 0;
    json_t rows = json_t::array();
    for (const auto& area : asked) {
        for (const auto& finding : findings_of(area, settings)) {
            if (finding.kind == Finding::Kind::bad) code = kItemsFailed;
            rows.push_back({{"area", area.name},
                            {"state", finding.kind == Finding::Kind::bad ? "bad" : word(finding.kind)},
                            {"what", finding.what},
                            {"cure", finding.cure}});
            if (options.json) continue;
            std::cout << area.name << std::string(area.name.size() < 10 ? 10 - area.name.size() : 1, ' ') << word(finding.kind)
                      << std::string(5 - word(finding.kind).size(), ' ') << finding.what << "\n";
            if (!finding.cure.empty()) std::cout << std::string(15, ' ') << "→ " << finding.cure << "\n";
        }
    }
    if (options.json) std::cout << rows.dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
    return code;
}

}  // namespace mediaferry::daemon
