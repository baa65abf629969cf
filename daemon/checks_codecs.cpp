// SPDX-License-Identifier: GPL-3.0-or-later
// doctor on the programs that decode photos and clips: whether they start, and which walls this kernel lets them put up. Each closes its own walls
// and tries them from inside.
#include <nlohmann/json.hpp>

#include "common/codec/program.h"
#include "daemon/checks.h"

namespace mediaferry::daemon {

namespace {

using Kind = Finding::Kind;
using config::Confine;

std::string joined(const nlohmann::json& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name.get<std::string>();
    return text;
}

bool holds(const nlohmann::json& names, std::string_view one) { return std::ranges::find(names, one) != names.end(); }

Findings walls_of(const std::string& name, const nlohmann::json& report, Confine confine) {
    const auto& missing = report.at("missing");
    const auto& open = report.at("open");
    const std::string what = name + " (" + report.at("library").get<std::string>() + ")";
    const auto grave = confine == Confine::required ? Kind::bad : Kind::note;
    const std::string kernel =
        "a kernel of 5.13 or newer with CONFIG_SECURITY_LANDLOCK, and landlock in its lsm= list; in a container: a seccomp profile "
        "that allows landlock_create_ruleset";
    Findings out;
    if (!open.empty())
        out.push_back({Kind::bad, what + " could do what it must not: " + joined(open), "run it on " + kernel + ", or set compress.enabled: false"});
    if (holds(missing, "landlock")) out.push_back({grave, what + ": no Landlock here, seccomp alone keeps it from files and network", kernel});
    if (holds(missing, "landlock.network"))
        out.push_back({Kind::note, what + ": this kernel's Landlock does not know the network; seccomp keeps it away",
                       "nothing to do; a kernel of 6.7 or newer has both"});
    if (holds(missing, "seccomp")) out.push_back({grave, what + ": no seccomp here", "a kernel with CONFIG_SECCOMP_FILTER"});
    if (out.empty()) out.push_back({Kind::good, what + ": no files, no network, no other programs, bounded memory, time and output", ""});
    return out;
}

Findings check_codec(const std::string& name, Confine confine) {
    auto command = codec::command(name);
    command.argv.emplace_back("--check");
    command.deadline = std::chrono::seconds{60};
    const auto said = process::capture(command);
    const auto report = nlohmann::json::parse(said.out, nullptr, false);
    if (!said.exit.ok() || !report.is_object())
        return {{Kind::bad, name + " does not work: " + said.err + " (" + process::to_text(said.exit) + ")",
                 "reinstall mediaferry and the libraries it names (ldd " + command.argv[0] + ")"}};
    return walls_of(name, report, confine);
}

}  // namespace

Findings check_codecs(const config::Settings& settings) {
    if (!settings.compress.enabled) return {{Kind::note, "compress is switched off: nothing is decoded", ""}};
    Findings out;
    for (const auto name : codec::kPrograms)
        for (auto& finding : check_codec(std::string(name), settings.compress.confine)) out.push_back(std::move(finding));
    if (settings.compress.confine == Confine::off)
        out.push_back(
            {Kind::note, "compress.confine is off: photos are decoded without walls, whatever is said above", "compress: {confine: wanted}"});
    return out;
}

}  // namespace mediaferry::daemon
