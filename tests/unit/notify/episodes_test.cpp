// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/notify/episodes.h"

#include <catch2/catch.hpp>

using mediaferry::notify::Episodes;

TEST_CASE("a trouble is told when it begins and when it is over, not in between", "[notify]") {
    Episodes episodes;
    CHECK(episodes.should_notify("nas_archive", "nas.unmounted", true));
    CHECK_FALSE(episodes.should_notify("nas_archive", "nas.unmounted", true));
    CHECK(episodes.should_notify("nas_archive", "nas.unmounted", false));
    CHECK_FALSE(episodes.should_notify("nas_archive", "nas.unmounted", false));
    CHECK(episodes.should_notify("nas_archive", "nas.unmounted", true));  // a new episode
}

TEST_CASE("each stage and each code has its own episode", "[notify]") {
    Episodes episodes;
    CHECK(episodes.should_notify("nas_archive", "nas.unmounted", true));
    CHECK(episodes.should_notify("nas_archive", "file.full", true));
    CHECK(episodes.should_notify("icloud_delete", "nas.unmounted", true));
    CHECK(episodes.recovered("nas_archive") == std::vector<std::string>{"file.full", "nas.unmounted"});
    CHECK(episodes.recovered("nas_archive").empty());
    CHECK_FALSE(episodes.should_notify("icloud_delete", "nas.unmounted", true));
}

TEST_CASE("episodes survive a restart as lines", "[notify]") {
    Episodes before;
    before.should_notify("icloud_download", "icloud.signin", true);
    Episodes after(before.lines());
    CHECK_FALSE(after.should_notify("icloud_download", "icloud.signin", true));
    CHECK(after.lines() == std::vector<std::string>{"icloud_download icloud.signin"});
    CHECK(Episodes({"garbage", ""}).lines().empty());
}
