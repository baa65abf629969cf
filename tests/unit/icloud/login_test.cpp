// SPDX-License-Identifier: GPL-3.0-or-later
// The dialogue of `auth login` with a scripted stand-in for icloudpd; the code is pushed at the loopback iCloud.
#include <algorithm>
#include <catch2/catch.hpp>

#include "common/icloud/login.h"
#include "tests/support/loopback_icloud.h"

using namespace mediaferry;
using namespace mediaferry::icloud;

namespace {

struct World {
    test::Loopback apple;
    SystemClock clock;
    config::ICloud settings = apple.settings();
    SessionLock lock = SessionLock::take(settings.cookie_directory);
    std::vector<std::string> said;
    std::vector<std::string> codes;

    explicit World(const std::string& script) {
        test::write(apple.dir() / "icloudpd.sh", script);
        settings.command = {"/bin/sh", (apple.dir() / "icloudpd.sh").string()};
    }
    LoginResult log_in() {
        std::size_t next = 0;
        const LoginTalk talk{[&](const std::string& line) { said.push_back(line); },
                             [&]() -> std::optional<std::string> { return next < codes.size() ? std::optional{codes[next++]} : std::nullopt; }};
        return icloud::log_in(lock, settings, clock, apple.dir() / "run", talk);
    }
};

const std::string kAsksForCode =
    "echo '2025-11-20 12:00:00 INFO     Two-factor authentication is required (2fa)'\n"
    "printf 'Please enter two-factor authentication code: '\n"
    "read code || { echo 'EOFError' >&2; exit 1; }\n"
    "if [ \"$code\" = 123456 ]; then echo \"2025-11-20 12:00:00 INFO     Great, you're all set up. The script can now be run\"\n"
    "echo '2025-11-20 12:00:00 INFO     Authentication completed successfully'\n"
    "else echo '2025-11-20 12:00:00 INFO     Failed to verify two-factor authentication code'; fi\n";

}  // namespace

TEST_CASE("a login that needs no code ends signed in", "[icloud]") {
    World world{"echo '2025-11-20 12:00:00 INFO     Authentication completed successfully'\n"};
    const auto result = world.log_in();
    CHECK(result.end == LoginEnd::signed_in);
    CHECK_FALSE(result.code_used);
}

TEST_CASE("a code read out with blanks is given to icloudpd", "[icloud]") {
    World world{kAsksForCode};
    world.codes = {"what?", " 123 456"};
    const auto result = world.log_in();
    CHECK(result.end == LoginEnd::signed_in);
    CHECK(result.code_used);
    CHECK(std::count(world.said.begin(), world.said.end(), "a code has six digits") == 1);
}

TEST_CASE("a wrong code, and no code", "[icloud]") {
    World world{kAsksForCode};
    SECTION("wrong") {
        world.codes = {"654321"};
        CHECK(world.log_in().end == LoginEnd::wrong_code);
    }
    SECTION("none") { CHECK(world.log_in().end == LoginEnd::no_code); }
}

TEST_CASE("a wrong password and a lock are told", "[icloud]") {
    const auto [text, end] = GENERATE(table<std::string, LoginEnd>({{"-20101 (401)", LoginEnd::wrong_password}, {"-20209 (403)", LoginEnd::locked}}));
    World world{"echo '(Invalid email/password combination., " + text + ")'\n"};
    CHECK(world.log_in().end == end);
}

TEST_CASE("an icloudpd that dies without a word is a failure", "[icloud]") {
    World world{"exit 1\n"};
    CHECK(world.log_in().end == LoginEnd::failed);
}
