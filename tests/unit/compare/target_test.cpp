// SPDX-License-Identifier: GPL-3.0-or-later
// Every rule of what is said of a file and of a target.
#include "common/compare/target.h"

#include <catch2/catch.hpp>

#include "common/compare/rules.h"

using namespace mediaferry;
using namespace mediaferry::compare;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNoon = 1'750'000'000 * kSecond;

File file(std::uint64_t size = 10, std::int64_t modified = kNoon) { return {Bytes{size}, modified, {}, true, false, false}; }

File hashed(std::uint8_t content, bool settled = false) {
    File one = file();
    one.sha256 = Sha256{};
    one.sha256->bytes[0] = content;
    one.settled = settled;
    return one;
}

/// One file on each side, or on one.
Target& take(Target& target, const std::optional<File>& local, const std::optional<File>& archive, bool leave_out = false) {
    target.add(judge(local, archive), local, archive, leave_out);
    return target;
}

std::string blocked_by(const Target& target) {
    const auto reason = what_blocks_deletion(target);
    return reason ? reason->code : "";
}

}  // namespace

TEST_CASE("a file is judged by its hash where both are known, else by size and time", "[compare]") {
    CHECK(judge(file(), std::nullopt) == Match::only_local);
    CHECK(judge(std::nullopt, file()) == Match::only_archive);
    CHECK(judge(file(10), file(11)) == Match::differs);
    CHECK(judge(file(), file()) == Match::presumed);
    CHECK(judge(hashed(1), file()) == Match::presumed);
    CHECK(judge(hashed(1), hashed(1)) == Match::same);
    CHECK(judge(hashed(1), hashed(2)) == Match::differs);
    File later = hashed(1);
    later.modified_ns += 500 * kSecond;
    CHECK(judge(hashed(1), later) == Match::same);
    File hidden = file();
    hidden.readable = false;
    CHECK(judge(hidden, file()) == Match::unknown);
    CHECK(judge(file(), hidden) == Match::unknown);
}

TEST_CASE("two seconds, and one hour of a clock change, are no other time", "[compare]") {
    const auto [apart, same] = GENERATE(
        table<std::int64_t, bool>({{0, true}, {2, true}, {3, false}, {3598, true}, {3600, true}, {3602, true}, {3603, false}, {7200, false}}));
    CAPTURE(apart);
    CHECK((judge(file(10, kNoon), file(10, kNoon + apart * kSecond)) == Match::presumed) == same);
    CHECK((judge(file(10, kNoon + apart * kSecond), file(10, kNoon)) == Match::presumed) == same);
}

TEST_CASE("the status of a target", "[compare]") {
    Target target;
    SECTION("nothing here") {
        CHECK(status_of(take(target, std::nullopt, file())) == Status::not_pulled);
        CHECK(recommended(target, View::pull) == Action::pull);
        CHECK(recommended(target, View::safety) == Action::none);
    }
    SECTION("some of it here") {
        take(target, file(), file());
        CHECK(status_of(take(target, std::nullopt, file())) == Status::partially_pulled);
        CHECK(recommended(target, View::pull) == Action::pull);
    }
    SECTION("another file of the same name") {
        take(target, file(10), file(11));
        CHECK(status_of(take(target, std::nullopt, file())) == Status::local_differs);
        CHECK(recommended(target, View::pull) == Action::none);
        CHECK(recommended(target, View::safety) == Action::none);
    }
    SECTION("the same on both sides") {
        CHECK(status_of(take(target, file(), file())) == Status::up_to_date);
        CHECK(recommended(target, View::pull) == Action::none);
        CHECK(recommended(target, View::safety) == Action::none);
    }
    SECTION("only here") {
        CHECK(status_of(take(target, file(), std::nullopt)) == Status::not_pushed);
        CHECK(recommended(target, View::pull) == Action::push);
        CHECK(recommended(target, View::safety) == Action::push);
    }
    SECTION("some of it only here") {
        take(target, file(), file());
        CHECK(status_of(take(target, file(), std::nullopt)) == Status::partially_pushed);
        CHECK(recommended(target, View::safety) == Action::push);
    }
    SECTION("files missing on both sides: pull first in the one view, push in the other") {
        take(target, file(), std::nullopt);
        take(target, std::nullopt, file());
        CHECK(status_of(target) == Status::partially_pulled);
        CHECK(recommended(target, View::pull) == Action::pull);
        CHECK(recommended(target, View::safety) == Action::push);
    }
    SECTION("something cannot be read") {
        File hidden = file();
        hidden.readable = false;
        take(target, file(), std::nullopt);
        CHECK(status_of(take(target, hidden, std::nullopt)) == Status::unknown);
        CHECK(recommended(target, View::safety) == Action::none);
        CHECK(blocked_by(target) == "compare.unreadable");
    }
}

TEST_CASE("a folder is safe to delete only when every file is proven on the NAS by its hash", "[compare]") {
    Target target;
    CHECK(blocked_by(target) == "compare.nothing_local");
    take(target, hashed(1), hashed(1, true));
    CHECK(blocked_by(target).empty());
    SECTION("equal by size and time is no proof") { CHECK(blocked_by(take(target, file(), file())) == "compare.not_by_hash"); }
    SECTION("not read back after its settle time") { CHECK(blocked_by(take(target, hashed(2), hashed(2, false))) == "compare.unsettled"); }
    SECTION("one is not there") { CHECK(blocked_by(take(target, hashed(2), std::nullopt)) == "compare.not_on_nas"); }
    SECTION("one is another") { CHECK(blocked_by(take(target, hashed(2), hashed(3, true))) == "compare.differs"); }
    SECTION("one cannot be read, whatever its class") {
        File hidden = file();
        hidden.readable = false;
        CHECK(blocked_by(take(target, hidden, std::nullopt, true)) == "compare.unreadable");
    }
    SECTION("one of a class that was left out is not proven") { CHECK(blocked_by(take(target, file(), file(), true)) == "compare.left_out"); }
    SECTION("one of a class that was left out is proven") { CHECK(blocked_by(take(target, hashed(2), hashed(2, true), true)).empty()); }
    SECTION("more on the NAS than here blocks nothing") { CHECK(blocked_by(take(target, std::nullopt, file())).empty()); }
}

TEST_CASE("files of a class left out lead to no action, and are counted", "[compare]") {
    Target target;
    take(target, file(), file());
    take(target, std::nullopt, file(), true);
    take(target, file(), std::nullopt, true);
    CHECK(status_of(target) == Status::up_to_date);
    CHECK(recommended(target, View::pull) == Action::none);
    CHECK(target.left_out.files == 2);
    CHECK(target.local.files == 2);
    CHECK(target.archive.files == 2);
}

TEST_CASE("trash is recommended only for what passes through the NAS and is all here by hash", "[compare]") {
    Target target;
    target.transit = true;
    take(target, hashed(1), hashed(1));
    CHECK(recommended(target, View::pull) == Action::trash);
    CHECK(recommended(target, View::safety) == Action::none);
    SECTION("not by config") {
        target.transit = false;
        CHECK(recommended(target, View::pull) == Action::none);
    }
    SECTION("one equal by size and time only") { CHECK(recommended(take(target, file(), file()), View::pull) == Action::none); }
    SECTION("one not here") { CHECK(recommended(take(target, std::nullopt, hashed(2)), View::pull) == Action::pull); }
    SECTION("one left out of the comparison") { CHECK(recommended(take(target, std::nullopt, hashed(2), true), View::pull) == Action::none); }
    SECTION("one that mediaferry archived") {
        File ours = hashed(2);
        ours.ours = true;
        CHECK(recommended(take(target, hashed(2), ours), View::pull) == Action::none);
    }
}

TEST_CASE("the newest date comes from names, else from the files", "[compare]") {
    CHECK(date_in("DATE_2026-02-12_M31") == std::chrono::year{2026} / 2 / 12);
    CHECK(date_in("2024-01-01 to 2025_03_04") == std::chrono::year{2025} / 3 / 4);
    CHECK(!date_in("IMG_12026-02-12"));
    CHECK(!date_in("2026-13-01"));
    CHECK(!date_in("2026-02-121"));
    CHECK(!date_in("2024/06"));
    Target target;
    CHECK(!target.recent());
    take(target, file(1, kNoon), std::nullopt);
    take(target, file(1, kNoon - 86'400 * kSecond), std::nullopt);
    CHECK(target.recent() == std::chrono::year{2025} / 6 / 15);
    target.named = std::chrono::year{2020} / 1 / 1;
    CHECK(target.recent() == std::chrono::year{2020} / 1 / 1);
}

TEST_CASE("a target is named by the first folders of a path", "[compare]") {
    CHECK(target_of("2024/06/a.jpg", 2) == "2024/06");
    CHECK(target_of("2024/06/raw/a.jpg", 2) == "2024/06");
    CHECK(target_of("2024/a.jpg", 2) == "2024");
    CHECK(target_of("a.jpg", 2) == ".");
    CHECK(target_of("2024/06/a.jpg", 0) == ".");
}

TEST_CASE("rule sets and classes go by what a path contains, or by a pattern for all of it", "[compare]") {
    const RuleSet images{"images", {}, {"WBPP", "Processing"}};
    const RuleSet wip{"wip", {"WBPP", "Processing"}, {}};
    const auto [path, is_image] = GENERATE(
        table<std::string, bool>({{"M31/DATE_2026-02-12/light_1.fits", true}, {"M31/WBPP/master.xisf", false}, {"M31/Processing-2/a.psd", false}}));
    CAPTURE(path);
    CHECK(images.takes(path) == is_image);
    CHECK(wip.takes(path) == !is_image);
    CHECK(matches("*.fits", "M31/DATE/light_1.fits"));
    CHECK(!matches("*.fits", "M31/DATE/light_1.fits.txt"));
    CHECK(!matches("", "a"));
    const std::vector<FileClass> classes{{"flats", {"_FlatWizard"}}};
    CHECK(class_of(classes, "M31/_FlatWizard/flat.fits") == "flats");
    CHECK(class_of(classes, "M31/light.fits") == "lights");
}
