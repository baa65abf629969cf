// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/http/http.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "common/errors/errors.h"
#include "tests/support/loopback_server.h"
#include "tests/support/port.h"

using namespace mediaferry;
using namespace mediaferry::test;
using namespace std::chrono_literals;

namespace {

template <class Work>
std::string code_thrown_by(Work work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return "nothing";
}

/// gzip of 100 blanks, made with Python's gzip module.
const std::string kHundredBlanks{"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x53\x50\xa0\x3d\x00\x00\x23\x00\x6f\xa3\x64\x00\x00\x00", 24};

}  // namespace

TEST_CASE("a request arrives as it was made, the answer as it was given", "[http]") {
    LoopbackServer server([](const Seen&) {
        return Answer{.status = 418, .body = "{}", .headers = {{"Set-Cookie", "a=1"}, {"X-Empty", ""}, {"set-cookie", "b=2"}}};
    });
    http::Client client;

    const auto response = client.send({.method = "POST",
                                       .url = server.url() + "/records?a=1",
                                       .headers = {{"Origin", "https://www.icloud.com"}, {"X-Nothing", ""}},
                                       .body = "{\"x\":1}"});

    CHECK(response.status == 418);
    CHECK(response.body == "{}");
    CHECK(response.header("SET-COOKIE") == "a=1");
    CHECK(std::count(response.headers.begin(), response.headers.end(), std::pair<std::string, std::string>{"set-cookie", "b=2"}) == 1);
    CHECK(response.header("x-empty").empty());
    const Seen seen = server.seen().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/records?a=1");
    CHECK(seen.body == "{\"x\":1}");
    CHECK(seen.header("origin") == "https://www.icloud.com");
    CHECK(seen.header("user-agent") == "mediaferry");
    CHECK(seen.header("content-type").empty());
    CHECK(seen.header("expect").empty());
}

TEST_CASE("every method is sent under its name", "[http]") {
    LoopbackServer server([](const Seen&) { return Answer{}; });
    http::Client client;
    for (const std::string method : {"GET", "POST", "PUT", "DELETE", "PATCH"}) client.send({.method = method, .url = server.url()});
    client.send({.method = "PUT", .url = server.url(), .body = "x"});
    std::string methods;
    for (const Seen& seen : server.seen()) methods += seen.method + seen.body + " ";
    CHECK(methods == "GET POST PUT DELETE PATCH PUTx ");
}

TEST_CASE("redirects are answers, not followed", "[http]") {
    LoopbackServer other([](const Seen&) { return Answer{}; });
    LoopbackServer server([&](const Seen&) { return Answer{.status = 302, .headers = {{"Location", other.url()}}}; });
    http::Client client;
    CHECK(client.send({.url = server.url()}).status == 302);
    CHECK(other.seen().empty());
}

TEST_CASE("the environment's proxies are ignored, the given one is used", "[http]") {
    LoopbackServer server([](const Seen&) { return Answer{.body = "direct"}; });
    LoopbackServer proxy([](const Seen&) { return Answer{.body = "proxied"}; });
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    CHECK(http::Client{}.send({.url = server.url()}).body == "direct");
    ::unsetenv("http_proxy");
    CHECK(http::Client{http::Route{.proxy = proxy.url()}}.send({.url = server.url()}).body == "proxied");
}

TEST_CASE("a connection is kept, and a GET survives its quiet end", "[http]") {
    bool drop = false;
    LoopbackServer server([&](const Seen&) { return Answer{.body = "ok", .drop = drop}; });
    http::Client client;
    client.send({.url = server.url()});
    drop = true;
    client.send({.url = server.url()});  // the server closes after this one without having said so
    drop = false;
    CHECK(client.send({.url = server.url()}).body == "ok");
    const auto seen = server.seen();
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].connection == seen[1].connection);
    CHECK(seen[2].connection != seen[1].connection);
}

TEST_CASE("what has an effect is sent once, whatever became of the connection that was kept", "[http]") {
    bool hang_up = false;
    LoopbackServer server([&](const Seen&) { return Answer{.body = "ok", .hang_up = hang_up}; });
    http::Client client;
    client.send({.method = "POST", .url = server.url()});
    hang_up = true;
    CHECK(code_thrown_by([&] { client.send({.method = "POST", .url = server.url() + "/delete", .body = "all", .once = true}); }) == "http.broken");
    CHECK(server.seen().size() == 2);
}

TEST_CASE("no answer is a failure with a code", "[http]") {
    LoopbackServer server([](const Seen& seen) {
        if (seen.target == "/hang") return Answer{.hang = true};
        return Answer{.body = std::string(1000, 'x'), .cut_after = 10};
    });
    http::Client client;
    CHECK(code_thrown_by([&] { client.send({.url = "http://127.0.0.1:" + std::to_string(reserved_port())}); }) == "http.unreachable");
    CHECK(code_thrown_by([&] { client.send({.url = server.url() + "/hang", .timeout = 1s}); }) == "http.timeout");
    CHECK(code_thrown_by([&] { client.send({.url = server.url() + "/hang", .timeout = 0s, .stall = 1s}); }) == "http.timeout");
    CHECK(code_thrown_by([&] { client.send({.url = server.url() + "/cut"}); }) == "http.broken");
    CHECK(code_thrown_by([&] { client.send({.url = "https" + server.url().substr(4)}); }) == "http.tls");
    CHECK(code_thrown_by([&] { client.send({.url = "file:///etc/passwd"}); }) == "http.url");
    CHECK(code_thrown_by([&] { client.send({.url = server.url(), .headers = {{"X", "a\r\nHost: evil"}}}); }) == "http.header");
}

TEST_CASE("error texts name the host and no more of the address", "[http]") {
    http::Client client;
    try {
        client.send({.url = "http://user:hunter2@127.0.0.1:" + std::to_string(reserved_port()) + "/secret-topic?token=abc"});
        FAIL("answered");
    } catch (const Unavailable& error) {
        CHECK_THAT(error.what(),
                   Catch::Contains("127.0.0.1") && !Catch::Contains("hunter2") && !Catch::Contains("secret-topic") && !Catch::Contains("abc"));
    }
}

TEST_CASE("a body over the limit is a failure, packed or not", "[http]") {
    LoopbackServer server([](const Seen& seen) {
        if (seen.target == "/packed") return Answer{.body = kHundredBlanks, .headers = {{"Content-Encoding", "gzip"}}};
        return Answer{.body = std::string(100, ' ')};
    });
    http::Client client;
    for (const std::string path : {"/plain", "/packed"}) {
        CHECK(client.send({.url = server.url() + path}).body == std::string(100, ' '));
        CHECK(code_thrown_by([&] { client.send({.url = server.url() + path, .max_body = 99}); }) == "http.too_large");
    }
}

TEST_CASE("a download comes in pieces, unpacked by nobody", "[http]") {
    const std::string bytes(3'000'000, 'p');
    LoopbackServer server([&](const Seen& seen) {
        if (seen.target == "/gone") return Answer{.status = 410, .body = "expired"};
        if (seen.target == "/cut") return Answer{.body = bytes, .cut_after = 2'999'999};
        if (seen.target == "/part") return Answer{.status = 206, .body = bytes.substr(2'999'990)};
        return Answer{.body = bytes};
    });
    http::Client client;
    std::string got;
    const http::Sink sink = [&](std::string_view piece) {
        got += piece;
        return true;
    };

    const auto whole = client.download({.url = server.url() + "/whole", .max_body = 10}, sink);
    CHECK(got == bytes);
    CHECK(whole.body.empty());
    CHECK(server.seen().at(0).header("accept-encoding").empty());

    got.clear();
    CHECK(client.download({.url = server.url() + "/part", .headers = {{"Range", "bytes=2999990-"}}}, sink).status == 206);
    CHECK(got == std::string(10, 'p'));

    got.clear();
    const auto gone = client.download({.url = server.url() + "/gone"}, sink);
    CHECK(gone.status == 410);
    CHECK(gone.body == "expired");
    CHECK(got.empty());

    CHECK(code_thrown_by([&] { client.download({.url = server.url() + "/cut"}, sink); }) == "http.broken");
}

TEST_CASE("a sink and a stop question end a transfer", "[http]") {
    LoopbackServer server(
        [](const Seen& seen) { return seen.target == "/hang" ? Answer{.hang = true} : Answer{.body = std::string(1'000'000, 'x')}; });
    http::Client client;
    CHECK_THROWS_AS(client.download({.url = server.url()}, [](std::string_view) { return false; }), Interrupted);
    CHECK_THROWS_AS(client.send({.url = server.url() + "/hang", .stop = [] { return true; }}), Interrupted);
    CHECK(code_thrown_by([&] {
              client.download({.url = server.url()}, [](std::string_view) -> bool { throw TransientError{"file.full", "disk"}; });
          }) == "file.full");
    CHECK(client.send({.url = server.url()}).body.size() == 1'000'000);  // and the client goes on
}

TEST_CASE("percent-encoding leaves the unreserved alone", "[http]") {
    CHECK(http::encode("AZaz09-._~") == "AZaz09-._~");
    CHECK(http::encode("a b/ä?&=%\n") == "a%20b%2F%C3%A4%3F%26%3D%25%0A");
}
