// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "daemon/options.h"

using namespace mediaferry;
using namespace mediaferry::daemon;
using Words = std::vector<std::string>;
using Catch::Matchers::Contains;

namespace {
Options parse(const Words& words, const std::map<std::string, std::string>& environment = {}) { return parse_options(words, environment); }
std::string refused(const Words& words) {
    try {
        parse(words);
    } catch (const UsageError& error) {
        return error.what();
    }
    return "(taken)";
}
}  // namespace

TEST_CASE("options may stand before or after the verb", "[options]") {
    const auto words = GENERATE(Words{"--config", "c.yaml", "status", "--json"}, Words{"status", "--json", "--config=c.yaml"},
                                Words{"--json", "status", "--config", "c.yaml"});
    const auto options = parse(words);
    CHECK(options.verb == "status");
    CHECK(options.json);
    CHECK(options.config == "c.yaml");
}

TEST_CASE("the config is found in the environment, else in /etc", "[options]") {
    CHECK(parse({"status"}).config == "/etc/mediaferry/mediaferry.yaml");
    CHECK(parse({"status"}, {{"MEDIAFERRY_CONFIG", "e.yaml"}}).config == "e.yaml");
    CHECK(parse({"status", "--config", "c.yaml"}, {{"MEDIAFERRY_CONFIG", "e.yaml"}}).config == "c.yaml");
}

TEST_CASE("--run-stage is a verb of its own", "[options]") {
    const auto options = parse({"--run-stage", "compress", "--item", "17", "--limit", "3", "--dry-run"});
    CHECK(options.verb == "run-stage");
    CHECK(options.stage == "compress");
    CHECK(options.item == "17");
    CHECK(options.limit == 3);
    CHECK(options.dry_run);
}

TEST_CASE("verbs with options of their own get them as they stand", "[options]") {
    const auto options = parse({"archive", "verify", "--sample", "5%", "--json", "--config", "c.yaml"});
    CHECK(options.verb == "archive");
    CHECK(options.words == Words{"verify", "--sample", "5%"});
    CHECK(options.json);
    CHECK(options.config == "c.yaml");
}

TEST_CASE("what cannot be meant is refused with what may have been", "[options]") {
    CHECK_THAT(refused({"stats"}), Contains("did you mean status?"));
    CHECK_THAT(refused({"run", "--dry-rum"}), Contains("did you mean --dry-run?"));
    CHECK_THAT(refused({"--workflow"}), Contains("mediaferry run"));
    CHECK_THAT(refused({"--step", "3"}), Contains("--run-stage"));
    CHECK_THAT(refused({"--list-steps"}), Contains("mediaferry stages"));
    CHECK_THAT(refused({"status", "--item", "3"}), Contains("--item is not an option of status"));
    CHECK_THAT(refused({"approve"}), Contains("usage: mediaferry approve PLAN"));
    CHECK_THAT(refused({"approve", "1", "2"}), Contains("one word too many"));
    CHECK_THAT(refused({"--run-stage", "compress", "--limit", "many"}), Contains("whole number"));
    CHECK_THAT(refused({"--run-stage", "compress", "--limit", "0"}), Contains("1 or more"));
    CHECK_THAT(refused({"queue"}), Contains("usage: mediaferry queue add|list|run"));
    CHECK_THAT(refused({"--config", "", "status"}), Contains("--config wants a file"));
    CHECK_THAT(refused({"--config=", "status"}), Contains("--config"));
    CHECK_THAT(refused({"run-stage"}), Contains("--run-stage NAME"));
    CHECK_THAT(refused({}), Contains("say what to do"));
}

TEST_CASE("release takes an id or --all", "[options]") {
    CHECK(parse({"release", "--all"}).all);
    CHECK(parse({"release", "17"}).words == Words{"17"});
    CHECK_THAT(refused({"release"}), Contains("ID|--all"));
}

TEST_CASE("help and version need nothing else", "[options]") {
    CHECK(parse({"--help"}).verb == "help");
    CHECK(parse({"run", "--help"}).topic == "run");
    CHECK(parse({"help", "run"}).topic == "run");
    CHECK(parse({"--version"}).verb == "version");
    for (const auto& verb : verbs())
        if (!verb.later) CHECK_THAT(help_text(verb.name), Contains(std::string{verb.does}));
}
