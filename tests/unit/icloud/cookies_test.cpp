// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/icloud/cookies.h"

using namespace mediaferry;
using icloud::CookieJar;

namespace {

const Timestamp kNow{std::chrono::seconds{1763640000}};  // 2025-11-20T12:00:00Z

const std::string kJar =
    "#LWP-Cookies-2.0\n"
    "Set-Cookie3: X-APPLE-WEBAUTH-TOKEN=\"\\\"v=2:t=abc\\\\def\\\"\"; path=\"/\"; domain=\".icloud.com\"; path_spec; domain_dot; secure; "
    "expires=\"2026-12-20 00:00:00Z\"; HttpOnly=None; version=0\n"
    "Set-Cookie3: dslang=\"US-EN\"; path=\"/\"; domain=\".apple.com\"; path_spec; domain_dot; discard; version=0\n"
    "Set-Cookie3: aasp=1234; path=\"/appleauth\"; domain=\"idmsa.apple.com\"; path_spec; secure; discard; version=0\n";

}  // namespace

TEST_CASE("a jar that icloudpd wrote comes back byte for byte", "[icloud]") { CHECK(CookieJar::parse(kJar).to_text() == kJar); }

TEST_CASE("the quotes of Apple's cookie values go over the wire", "[icloud]") {
    const auto jar = CookieJar::parse(kJar);
    CHECK(jar.header_for("setup.icloud.com", "/setup/ws/1/validate", kNow) == "X-APPLE-WEBAUTH-TOKEN=\"v=2:t=abc\\def\"");
}

TEST_CASE("a cookie goes to its own domain and path only", "[icloud]") {
    const auto jar = CookieJar::parse(kJar);
    const auto [host, path, expected] = GENERATE(table<std::string, std::string, std::string>({
        {"www.apple.com", "/", "dslang=US-EN"},
        {"apple.com", "/", "dslang=US-EN"},
        {"idmsa.apple.com", "/appleauth/auth", "aasp=1234; dslang=US-EN"},
        {"idmsa.apple.com", "/appleauthority", "dslang=US-EN"},
        {"evilapple.com", "/", ""},
        {"cvws.icloud-content.com", "/B/x", ""},
        {"icloud.com.evil.example", "/", ""},
    }));
    CHECK(jar.header_for(host, path, kNow) == expected);
}

TEST_CASE("an expired cookie is not sent", "[icloud]") {
    const auto jar = CookieJar::parse(kJar);
    CHECK(jar.header_for("setup.icloud.com", "/", kNow + std::chrono::hours{24 * 600}).empty());
}

TEST_CASE("Set-Cookie replaces, adds and removes", "[icloud]") {
    auto jar = CookieJar::parse(kJar);
    jar.take("X-APPLE-WEBAUTH-TOKEN=\"v=2:t=new\"; Expires=Sun, 20-Dec-2026 10:00:00 GMT; Path=/; Domain=.icloud.com; Secure; HttpOnly",
             "setup.icloud.com", kNow);
    CHECK(jar.cookies().size() == 3);
    CHECK(jar.find("X-APPLE-WEBAUTH-TOKEN")->value == "\"v=2:t=new\"");
    CHECK(to_iso(*jar.find("X-APPLE-WEBAUTH-TOKEN")->expires) == "2026-12-20T10:00:00Z");

    jar.take("X-APPLE-WEBAUTH-USER=\"v=1\"; Max-Age=60; Path=/; Domain=icloud.com", "setup.icloud.com", kNow);
    CHECK(jar.cookies().size() == 4);
    CHECK(CookieJar::parse(jar.to_text()).to_text() == jar.to_text());

    jar.take("dslang=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Domain=.apple.com", "www.apple.com", kNow);
    CHECK(jar.find("dslang") == nullptr);
}

TEST_CASE("a host cannot set cookies for others", "[icloud]") {
    CookieJar jar;
    jar.take("a=1; Domain=.apple.com", "setup.icloud.com", kNow);
    jar.take("a=1; Domain=.com", "setup.icloud.com", kNow);
    jar.take("nonsense", "setup.icloud.com", kNow);
    jar.take("", "setup.icloud.com", kNow);
    CHECK(jar.cookies().empty());
}

TEST_CASE("lines that are no cookies are passed over", "[icloud]") {
    const auto jar = CookieJar::parse(
        "#LWP-Cookies-2.0\nSet-Cookie3: \nSet-Cookie3: a=\"unfinished\nrubbish\nSet-Cookie3: ok=1; path=\"/\"; domain=\"x.example\"; discard; "
        "version=0\n");
    REQUIRE(jar.cookies().size() == 1);
    CHECK(jar.cookies().front().name == "ok");
}

TEST_CASE("quotes in a path or a domain come back as they were", "[icloud]") {
    const auto jar = CookieJar::parse(R"(Set-Cookie3: a=1; path="/x\"y\\"; domain=".ic\"loud.com"; discard)");
    REQUIRE(jar.cookies().size() == 1);
    CHECK(jar.cookies().front().path == R"(/x"y\)");
    CHECK(CookieJar::parse(jar.to_text()).cookies().front().path == jar.cookies().front().path);
    CHECK(CookieJar::parse(jar.to_text()).cookies().front().domain == jar.cookies().front().domain);
}

TEST_CASE("a cookie with a control character is none: it would end its header or its line", "[icloud]") {
    CHECK(CookieJar::parse("Set-Cookie3: a=\"1\rX-Evil: 1\"; path=\"/\"; domain=\".icloud.com\"; discard\n").cookies().empty());
    CHECK(CookieJar::parse(std::string("Set-Cookie3: a=1\0b; path=/; domain=x", 37)).cookies().empty());
    CookieJar jar;
    for (const auto* header : {"a=1\tb; Path=/", "a=1\x7f; Path=/", "a=1\r\nX: 1; Path=/"}) jar.take(header, "setup.icloud.com", kNow);
    CHECK(jar.cookies().empty());
}

TEST_CASE("a date that no clock shows makes a session cookie, not one that the jar cannot give back", "[icloud]") {
    CookieJar jar;
    jar.take("a=1; Expires=Fri, 31-Dec-9999 99:99:99 GMT; Path=/", "setup.icloud.com", kNow);
    REQUIRE(jar.cookies().size() == 1);
    CHECK_FALSE(jar.cookies().front().expires);
}
