// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/syncthing/version.h"

namespace mediaferry::syncthing {

TEST_CASE("version vectors are equal whatever the order of their counters", "[syncthing]") {
    CHECK(vector_from_texts({"AAAAAAA:1", "BBBBBBB:2"}) == vector_from_texts({"BBBBBBB:2", "AAAAAAA:1"}));
    CHECK_FALSE(vector_from_texts({"AAAAAAA:1"}) == vector_from_texts({"AAAAAAA:2"}));
    CHECK_FALSE(vector_from_texts({"AAAAAAA:1"}) == vector_from_texts({"AAAAAAA:1", "BBBBBBB:2"}));
    CHECK(vector_from_texts({}).empty());
}

TEST_CASE("a version descends from another when no counter is lower or missing", "[syncthing]") {
    const auto sent = vector_from_texts({"SSSSSSS:796"});
    CHECK(vector_from_texts({"SSSSSSS:796", "PPPPPPP:799"}).descends_from(sent));
    CHECK(sent.descends_from(sent));
    CHECK_FALSE(vector_from_texts({"SSSSSSS:795", "PPPPPPP:799"}).descends_from(sent));
    CHECK_FALSE(vector_from_texts({"PPPPPPP:799"}).descends_from(sent));
    CHECK_FALSE(vector_from_texts({"SSSSSSS:796", "PPPPPPP:799"}).descends_from(vector_from_texts({"SSSSSSS:813"})));
}

TEST_CASE("what is no version is refused", "[syncthing]") {
    const auto text = GENERATE(as<std::string>{}, "", "A", ":1", "A:", "A:x", "A:-1", "A:1 ", "A:99999999999999999999999");
    CHECK_THROWS_AS(vector_from_texts({text}), BadInput);
    CHECK_THROWS_AS(vector_from_texts({"A:1", "A:2"}), BadInput);
}

TEST_CASE("a vector survives its texts", "[syncthing]") {
    const std::vector<std::string> texts{"AAAAAAA:18446744073709551615", "BBBBBBB:0"};
    CHECK(to_texts(vector_from_texts(texts)) == texts);
}

TEST_CASE("Syncthing's own version is read as its releases write it", "[syncthing]") {
    const auto [text, version] = GENERATE(table<std::string, SyncthingVersion>({{"v1.19.2-ds1", {1, 19, 2}},
                                                                                {"v2.1.3", {2, 1, 3}},
                                                                                {"v1.30.0-rc.2+5-gabcdef", {1, 30, 0}},
                                                                                {"1.20", {1, 20, 0}},
                                                                                {"unknown-dev", {0, 0, 0}},
                                                                                {"", {0, 0, 0}}}));
    CHECK(syncthing_version(text) == version);
}

}  // namespace mediaferry::syncthing
