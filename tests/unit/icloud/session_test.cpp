// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/icloud/session.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using icloud::Session;
using icloud::SessionLock;
using test::read;

namespace {

const Timestamp kNow{std::chrono::seconds{1763640000}};

int mode_of(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 0777) : -1;
}

}  // namespace

TEST_CASE("the session's files are named as icloudpd names them", "[icloud]") {
    CHECK(icloud::session_name("JDoe@example.com") == "jdoeexamplecom");
    CHECK(icloud::session_name("a_b-c.1@x") == "a_bc1x");
}

TEST_CASE("only one user of the session at a time", "[icloud]") {
    test::TempDir dir;
    auto first = SessionLock::try_take(dir / "cookies");
    REQUIRE(first);
    CHECK(mode_of(dir / "cookies") == 0700);
    CHECK_FALSE(SessionLock::try_take(dir / "cookies"));
    CHECK_THROWS_AS(SessionLock::take(dir / "cookies"), TryLater);
    first.reset();
    CHECK(SessionLock::try_take(dir / "cookies"));
}

TEST_CASE("what a reply changes is written back for icloudpd, privately", "[icloud]") {
    test::TempDir dir;
    test::write(dir / "me", "#LWP-Cookies-2.0\n");
    test::write(dir / "me.session", R"({"client_id": "auth-1", "session_token": "old-token-value", "trust_token": "trust-value-1"})");
    const auto lock = SessionLock::take(dir.path());
    auto session = Session::read(dir.path(), "me");
    http::Response reply{
        200, {{"set-cookie", "K=\"v\"; Path=/; Domain=.icloud.com"}, {"X-Apple-Session-Token", "new-token-value"}, {"scnt", "s1"}}, ""};
    session.merge(reply, "setup.icloud.com", kNow);
    session.write_back(lock);

    const auto json = nlohmann::json::parse(read(dir / "me.session"));
    CHECK(json["session_token"] == "new-token-value");
    CHECK(json["trust_token"] == "trust-value-1");
    CHECK(json["client_id"] == "auth-1");
    CHECK(json["scnt"] == "s1");
    CHECK(read(dir / "me").find("Set-Cookie3: K=\"\\\"v\\\"\"; path=\"/\"; domain=\".icloud.com\"") != std::string::npos);
    CHECK(mode_of(dir / "me") == 0600);
    CHECK(mode_of(dir / "me.session") == 0600);
}

TEST_CASE("nothing is written when nothing changed", "[icloud]") {
    test::TempDir dir;
    test::write(dir / "me.session", R"({"client_id":"auth-1","session_token":"x"})");
    const auto lock = SessionLock::take(dir.path());
    auto session = Session::read(dir.path(), "me");
    session.merge({200, {{"Content-Type", "text/plain"}}, ""}, "setup.icloud.com", kNow);
    session.write_back(lock);
    CHECK_FALSE(fs::exists(dir / "me"));
}

TEST_CASE("a torn session file is replaced by the copy kept after the last good sign-in", "[icloud]") {
    test::TempDir dir;
    test::write(dir / "me.session", R"({"client_id":"auth-1","session_token":"precious","trust_token":"t"})");
    const auto lock = SessionLock::take(dir.path());
    Session::read(dir.path(), "me").keep_copy(lock);
    test::write(dir / "me.session", R"({"client_id":"auth-1","sess)");
    CHECK(Session::read(dir.path(), "me").value("session_token") == "precious");
}

TEST_CASE("no session files mean an empty session", "[icloud]") {
    test::TempDir dir;
    auto session = Session::read(dir.path(), "me");
    CHECK(session.empty());
    session.ensure_client_id();
    CHECK(session.value("client_id").size() == 41);
    CHECK(session.value("client_id").substr(0, 5) == "auth-");
}
