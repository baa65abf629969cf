// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/icloud/sign_in_state.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::icloud;

namespace {

struct World {
    test::TempDir dir;
    test::ManualClock clock;
    media_db::MediaDb db = media_db::MediaDb::open(dir / "media.db");
    config::ICloud settings;
    World() {
        settings.username = "jdoe@example.com";
        settings.password = {true, "wrong horse", "test"};
    }
    SignInState state() { return {db, settings, clock}; }
    std::string blocked() {
        const auto reason = state().blocked();
        return reason ? reason->code : "";
    }
};

IcloudpdRun saying(const char* line) {
    OutputReader reader;
    reader.take(line);
    return reader.result;
}
constexpr auto kWrong = "('Invalid email/password combination.', x -20101 (401))";
constexpr auto kLocked = "('Invalid email/password combination.', x -20209 (403))";
constexpr auto kCode = "Two-factor authentication is required (2fa)";

}  // namespace

TEST_CASE("a wrong password is not tried again until it changes", "[icloud]") {
    World world;
    CHECK_NOTHROW(world.state().check_login_allowed());
    CHECK(world.state().learn(saying(kWrong))->code == "icloud.wrong_password");
    CHECK_THROWS_AS(world.state().check_login_allowed(), SignInRequired);
    world.clock.advance(std::chrono::hours{24 * 365});
    CHECK(world.blocked() == "icloud.wrong_password");
    world.settings.password.value = "right horse";
    CHECK(world.blocked().empty());
}

TEST_CASE("a good session does not make a refused password good", "[icloud]") {
    World world;
    world.state().learn(saying(kWrong));
    world.state().signed_in(false);
    CHECK(world.blocked() == "icloud.wrong_password");
}

TEST_CASE("a person who acts lifts any block", "[icloud]") {
    World world;
    world.state().learn(saying(GENERATE(kWrong, kLocked, kCode)));
    CHECK_FALSE(world.blocked().empty());
    world.state().person_acts();
    CHECK(world.blocked().empty());
}

TEST_CASE("a needed code is asked for once per episode", "[icloud]") {
    World world;
    CHECK(world.state().learn(saying(kCode))->text.find("mediaferry auth login") != std::string::npos);
    CHECK(world.state().notify_once());
    CHECK_FALSE(world.state().notify_once());
    CHECK(world.blocked() == "icloud.two_factor");
    world.state().signed_in(true);
    CHECK(world.blocked().empty());
    world.state().two_factor_needed();
    CHECK(world.state().notify_once());
}

TEST_CASE("without a password nothing logs in", "[icloud]") {
    World world;
    world.settings.password = {};
    CHECK(world.blocked() == "icloud.no_password");
}

TEST_CASE("the warning comes from day 21 after the last code on", "[icloud]") {
    World world;
    CHECK_FALSE(world.state().trust_warning());
    world.state().signed_in(true);
    world.clock.advance(std::chrono::hours{24 * 21 - 1});
    world.state().signed_in(false);
    CHECK_FALSE(world.state().trust_warning());
    world.clock.advance(std::chrono::hours{1});
    REQUIRE(world.state().trust_warning());
    CHECK(world.state().trust_warning()->text.find("21 days ago") != std::string::npos);
    world.state().signed_in(true);
    CHECK_FALSE(world.state().trust_warning());
}

TEST_CASE("a password's fingerprint tells the same from another, and not the password", "[icloud]") {
    const auto print = password_fingerprint("correct horse");
    CHECK(print.find("horse") == std::string::npos);
    CHECK(same_password("correct horse", print));
    CHECK_FALSE(same_password("correct horsf", print));
    CHECK(print != password_fingerprint("correct horse"));
    for (const auto* broken : {"", "$", "$$", "a$b$c", "AAAA$99999999$AAAA", "AAAA$0$AAAA"}) CHECK_FALSE(same_password("x", broken));
}

TEST_CASE("neither the account nor the password is in the facts", "[icloud]") {
    World world;
    world.state().learn(saying(kWrong));
    world.state().signed_in(true);
    world.state().learn(saying(kLocked));
    const auto bytes = test::read(world.dir / "media.db") + (fs::exists(world.dir / "media.db-wal") ? test::read(world.dir / "media.db-wal") : "");
    CHECK(bytes.find("jdoe") == std::string::npos);
    CHECK(bytes.find("wrong horse") == std::string::npos);
}
