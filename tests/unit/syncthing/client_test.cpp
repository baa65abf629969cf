// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/syncthing/client.h"
#include "tests/support/loopback_server.h"
#include "tests/support/port.h"

namespace mediaferry::syncthing {
namespace {

using Catch::Contains;
using mediaferry::test::Answer;
using mediaferry::test::LoopbackServer;
using mediaferry::test::Seen;

const std::vector<std::pair<std::string, std::string>> kHeaders{{"X-Syncthing-Id", "SRVAAAA-BBBBBBB"}, {"X-Syncthing-Version", "v1.29.5"}};

config::Syncthing settings(const LoopbackServer& server) {
    config::Syncthing result;
    result.api_url = server.url() + "/";
    result.api_key = {true, "a-secret-key", "test"};
    return result;
}

template <class Call>
std::string code_thrown(Call&& call) {
    try {
        call();
    } catch (const Error& error) {
        CHECK_THAT(error.what(), !Contains("a-secret-key"));
        return error.code();
    }
    return "";
}

std::string code_of_answer(const Answer& answer) {
    const LoopbackServer server{[&](const Seen&) { return answer; }};
    Client client{settings(server)};
    return code_thrown([&] { client.status(); });
}

}  // namespace

TEST_CASE("only reading and scanning are ever said to Syncthing", "[syncthing]") {
    CHECK(allowed("GET", "/rest/db/file"));
    CHECK(allowed("POST", "/rest/db/scan"));
    const auto [method, path] = GENERATE(table<std::string, std::string>({{"POST", "/rest/db/override"},
                                                                          {"POST", "/rest/db/revert"},
                                                                          {"POST", "/rest/db/ignores"},
                                                                          {"POST", "/rest/system/reset"},
                                                                          {"PATCH", "/rest/config/folders"},
                                                                          {"PUT", "/rest/config/folders"},
                                                                          {"DELETE", "/rest/config/folders"},
                                                                          {"POST", "/rest/db/file"},
                                                                          {"GET", "/rest/db/scan"},
                                                                          {"GET", "/rest/system/restart"}}));
    CHECK_FALSE(allowed(method, path));
}

TEST_CASE("names are percent-encoded to the last character, and the key goes in a header", "[syncthing]") {
    const LoopbackServer server{[](const Seen&) { return Answer{404, "No such object in the index\n", kHeaders}; }};
    Client client{settings(server)};
    CHECK_FALSE(client.file("pixel", "a b#%&+;?ü/c.jpg"));
    const auto seen = server.seen();
    REQUIRE(seen.size() == 1);
    CHECK(seen.front().target == "/rest/db/file?folder=pixel&file=a%20b%23%25%26%2B%3B%3F%C3%BC%2Fc.jpg");
    CHECK(seen.front().header("x-api-key") == "a-secret-key");
    CHECK(client.server_version() == "v1.29.5");
}

TEST_CASE("a scan names its files and is the only POST", "[syncthing]") {
    const LoopbackServer server{[](const Seen&) { return Answer{200, "", kHeaders}; }};
    Client client{settings(server)};
    client.scan("pixel", {"a b.jpg", "c.jpg"});
    const auto seen = server.seen();
    REQUIRE(seen.size() == 1);
    CHECK(seen.front().method == "POST");
    CHECK(seen.front().target == "/rest/db/scan?folder=pixel&sub=a%20b.jpg&sub=c.jpg");
}

TEST_CASE("each refusal says what it is", "[syncthing]") {
    CHECK(code_of_answer({403, "CSRF Error\n", kHeaders}) == "syncthing.key");
    CHECK(code_of_answer({401, "Not Authorized\n", kHeaders}) == "syncthing.key");
    CHECK(code_of_answer({403, "Forbidden\n", kHeaders}) == "syncthing.key");
    CHECK(code_of_answer({403, "Host check error\n", kHeaders}) == "syncthing.host_check");
    CHECK(code_of_answer({500, "no such folder\n", kHeaders}) == "syncthing.refused");
    CHECK(code_of_answer({200, "<html>hello</html>", {}}) == "syncthing.nonsense");
    CHECK(code_of_answer({200, "<html>hello</html>", kHeaders}) == "syncthing.nonsense");
    CHECK(code_of_answer({302, "", {{"Location", "/login"}}}) == "syncthing.nonsense");
}

TEST_CASE("nobody listening is Syncthing being away", "[syncthing]") {
    config::Syncthing away;
    away.api_url = "http://127.0.0.1:" + std::to_string(mediaferry::test::reserved_port());
    away.api_key = {true, "a-secret-key", "test"};
    Client client{away};
    CHECK(code_thrown([&] { client.status(); }) == "syncthing.unreachable");
}

TEST_CASE("without a key nothing is asked", "[syncthing]") {
    CHECK(code_thrown([] { Client client{config::Syncthing{}}; }) == "syncthing.no_key");
}

TEST_CASE("another instance behind the same address is not believed", "[syncthing]") {
    int calls = 0;
    const LoopbackServer server{[&](const Seen&) {
        auto headers = kHeaders;
        if (++calls > 1) headers.front().second = "OTHAAAA-BBBBBBB";
        return Answer{200, R"({"myID":"SRVAAAA-BBBBBBB","tilde":"/"})", headers};
    }};
    Client client{settings(server)};
    CHECK(client.status().id == "SRVAAAA-BBBBBBB");
    CHECK(code_thrown([&] { client.status(); }) == "syncthing.other_instance");
}

TEST_CASE("an idle connection that Syncthing has closed costs one more try, not the run", "[syncthing]") {
    const LoopbackServer server{[](const Seen&) {
        Answer answer{200, R"({"myID":"SRVAAAA-BBBBBBB","tilde":"/"})", kHeaders};
        answer.drop = true;
        return answer;
    }};
    Client client{settings(server)};
    CHECK_NOTHROW(client.status());
    CHECK_NOTHROW(client.status());
}

TEST_CASE("db/need is asked page by page until one is not full", "[syncthing]") {
    const std::string one =
        R"({"deleted":true,"ignored":false,"invalid":false,"modified":"2026-11-20T19:03:24Z","modifiedBy":"PHNAAAA","mustRescan":false,)"
        R"("name":"a.jpg","size":0,"type":"FILE_INFO_TYPE_FILE","version":["PHNAAAA:1"]})";
    std::string many = one;
    for (int i = 1; i < 1000; ++i) many += "," + one;
    const LoopbackServer server{[&](const Seen& seen) {
        const bool first = seen.target.find("page=1&") != std::string::npos;
        return Answer{200, R"({"progress":[],"queued":[],"rest":[)" + (first ? many : one) + "]}", kHeaders};
    }};
    Client client{settings(server)};
    CHECK(client.need("pixel").size() == 1001);
    CHECK(server.seen().size() == 2);
}

}  // namespace mediaferry::syncthing
