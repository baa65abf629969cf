// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/queue/rules.h"

#include <catch2/catch.hpp>

#include "common/queue/runner.h"

using namespace mediaferry;
using namespace mediaferry::queue;
using compare::Action;
using compare::Match;

namespace {

/// What becomes of a file: "" for none of the action's business, "copy", "trash", or the code of the reason it is skipped for.
std::string fate(Action action, Match match, bool left_out = false, bool ours = false, bool only_copy = false) {
    compare::File file;
    file.ours = ours;
    const bool here = match != Match::only_archive, there = match != Match::only_local;
    const auto step = step_for(action, {"a/b/c.jpg", "a/b", "lights", left_out, match, here ? &file : nullptr, there ? &file : nullptr}, only_copy);
    if (!step) return "";
    return step->what == Do::copy ? "copy" : step->what == Do::trash ? "trash" : step->why.code;
}

}  // namespace

TEST_CASE("a pull copies what is missing here and touches nothing else", "[queue]") {
    CHECK(fate(Action::pull, Match::only_archive) == "copy");
    CHECK(fate(Action::pull, Match::only_local).empty());
    CHECK(fate(Action::pull, Match::same) == "queue.there");
    CHECK(fate(Action::pull, Match::presumed) == "queue.there");
    CHECK(fate(Action::pull, Match::differs) == "queue.differs");
    CHECK(fate(Action::pull, Match::unknown) == "queue.unreadable");
}

TEST_CASE("a push copies what is missing on the NAS and touches nothing else", "[queue]") {
    CHECK(fate(Action::push, Match::only_local) == "copy");
    CHECK(fate(Action::push, Match::only_archive).empty());
    CHECK(fate(Action::push, Match::differs) == "queue.differs");
}

TEST_CASE("trash takes only what is here too, and never what mediaferry archived", "[queue]") {
    CHECK(fate(Action::trash, Match::same) == "trash");
    CHECK(fate(Action::trash, Match::presumed) == "trash");  // read on both sides before it moves
    CHECK(fate(Action::trash, Match::differs) == "queue.differs");
    CHECK(fate(Action::trash, Match::differs, false, false, true) == "queue.differs");
    CHECK(fate(Action::trash, Match::only_archive) == "queue.not_here");
    CHECK(fate(Action::trash, Match::only_archive, false, false, true) == "trash");
    CHECK(fate(Action::trash, Match::same, false, true) == "queue.archived");
    CHECK(fate(Action::trash, Match::only_archive, false, true, true) == "queue.archived");
    CHECK(fate(Action::trash, Match::only_local).empty());
}

TEST_CASE("files of a class that is left out are skipped by every action", "[queue]") {
    CHECK(fate(Action::pull, Match::only_archive, true) == "queue.left_out");
    CHECK(fate(Action::push, Match::only_local, true) == "queue.left_out");
    CHECK(fate(Action::trash, Match::same, true) == "queue.left_out");
}

TEST_CASE("what a target was queued with is kept as it was meant", "[queue]") {
    const Wish wish{3, "images", {"images", {"in"}, {"WBPP", "Processing"}}, {"flats"}, true};
    const auto again = wish_from_json(to_json(wish));
    CHECK(again == wish);
    CHECK(again.rules == "images");
    CHECK(in_words(again) == "without flats, rules images, even the only copy");
    CHECK_THROWS_AS(wish_from_json("{}"), BadInput);
}
