// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/process/dialogue.h"

using namespace mediaferry;
using namespace mediaferry::process;

namespace {

Command shell(const std::string& script) {
    Command command;
    command.argv = {"/bin/sh", "-c", script};
    command.inherit_environment = true;
    command.grace = std::chrono::seconds{1};
    return command;
}

constexpr std::chrono::seconds kLong{30};

}  // namespace

TEST_CASE("a prompt without a newline is heard, answered, and the answer arrives", "[process]") {
    Dialogue child{shell("printf 'name? '; read n; echo \"hello $n\"")};
    const auto prompt = child.listen(kLong);
    REQUIRE(prompt);
    CHECK(prompt->text == "name? ");
    CHECK_FALSE(prompt->complete);
    CHECK(child.answer("Ada\n"));
    const auto reply = child.listen(kLong);
    REQUIRE(reply);
    CHECK(reply->text == "name? hello Ada");
    CHECK(reply->complete);
    CHECK(child.finish(kLong).ok());
    CHECK(child.ended());
}

TEST_CASE("hanging up is the end of its input", "[process]") {
    Dialogue child{shell("cat; echo over >&2; exit 3")};
    child.answer("a\n");
    CHECK(child.listen(kLong)->text == "a");
    child.hang_up();
    const auto last = child.listen(kLong);
    REQUIRE(last);
    CHECK(last->stream == Stream::err);
    CHECK(last->text == "over");
    CHECK(child.finish(kLong).code == 3);
}

TEST_CASE("answering a child that is gone harms nobody", "[process]") {
    Dialogue child{shell("exit 0")};
    CHECK(child.finish(kLong).ok());
    while (child.answer("anyone?\n")) {
    }
    SUCCEED();
}

TEST_CASE("a child that does not end is ended", "[process]") {
    Dialogue child{shell("trap '' TERM; echo up; while :; do sleep 1; done")};
    CHECK(child.listen(kLong)->text == "up");
    const auto exit = child.finish(std::chrono::seconds{0});
    CHECK(exit.stopped);
    CHECK_FALSE(exit.ok());
}

TEST_CASE("a program that is not there cannot be talked to", "[process]") {
    Command command;
    command.argv = {"/nowhere/program"};
    CHECK_THROWS_AS(Dialogue{command}, Unavailable);
}
