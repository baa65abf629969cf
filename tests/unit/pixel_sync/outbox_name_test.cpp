// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/pixel_sync/outbox_name.h"

#include <catch2/catch.hpp>
#include <set>

namespace mediaferry::stages {
namespace {

using media_db::MediaItem;

MediaItem file(std::int64_t id, const std::string& name, ResourceKind resource = ResourceKind::original, std::optional<AssetId> asset = AssetId{17}) {
    MediaItem item;
    item.id = {id};
    item.asset = asset;
    item.filename = name;
    item.resource = resource;
    return item;
}

std::vector<std::string> names(const std::vector<MediaItem>& files, const std::set<std::string>& used = {}) {
    return outbox_names(files, files, [&](const std::string& name, const MediaItem&) { return used.contains(name); });
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the files of an asset share one stem with its number", "[pixel_sync]") {
    CHECK(names({file(1, "IMG_0001.HEIC"), file(2, "IMG_0001_HEVC.MOV", ResourceKind::live_movie)}) == Names{"IMG_0001-17.HEIC", "IMG_0001-17.MOV"});
    CHECK(names({file(1, "IMG_0001.HEIC"), file(2, "IMG_0001-adjusted.JPG", ResourceKind::edited),
                 file(3, "IMG_0001-adjusted.MOV", ResourceKind::edited_movie)}) ==
          Names{"IMG_0001-17.HEIC", "IMG_0001-adjusted-17.JPG", "IMG_0001-adjusted-17.MOV"});
    CHECK(names({file(1, "IMG_0001.JPG"), file(2, "IMG_0001.DNG", ResourceKind::alternative)}) == Names{"IMG_0001-17.JPG", "IMG_0001-17.DNG"});
}

TEST_CASE("a movie that arrives later gets the stem of its photo", "[pixel_sync]") {
    const auto still = file(1, "IMG_0001.HEIC");
    const auto movie = file(2, "IMG_0001_HEVC.MOV", ResourceKind::live_movie);
    const auto later = outbox_names({movie}, {still, movie}, [](const std::string&, const MediaItem&) { return false; });
    CHECK(later == Names{"IMG_0001-17.MOV"});
}

TEST_CASE("a raw file that arrives before its photo has the name that it would have beside it", "[pixel_sync]") {
    CHECK(names({file(2, "IMG_0001.DNG", ResourceKind::alternative)}) == Names{"IMG_0001-17.DNG"});
    CHECK(names({file(2, "IMG_0001-alternative.JPG", ResourceKind::alternative)}) == Names{"IMG_0001-alternative-17.JPG"});
}

TEST_CASE("names are ASCII and safe on every file system", "[pixel_sync]") {
    const auto [from, to] = GENERATE(table<std::string, std::string>({{"Ünï côde #1 50%.JPG", "_n_c_de_1_50_-17.JPG"},
                                                                      {"写真.jpg", "photo-17.jpg"},
                                                                      {"a:b*c?.png", "a_b_c_-17.png"},
                                                                      {".hidden.JPG", "_hidden-17.JPG"},
                                                                      {"~syncthing~x.JPG", "_syncthing_x-17.JPG"},
                                                                      {"IMG.2024.01.JPG", "IMG_2024_01-17.JPG"},
                                                                      {"noextension", "noextension-17"},
                                                                      {"odd.päng", "odd-17"}}));
    CHECK(names({file(1, from)}) == Names{to});
}

TEST_CASE("names stay short, prefix and number included", "[pixel_sync]") {
    const auto made = names({file(1, std::string(300, 'x') + ".HEIC", ResourceKind::edited, AssetId{9'000'000'000})}).front();
    CHECK(made.size() + std::string("step02_pixel_sync_20250115_143022_").size() <= kLongestOutboxName);
    CHECK(made.ends_with("-adjusted-9000000000.HEIC"));
}

TEST_CASE("a name that was ever used is passed over for the whole asset", "[pixel_sync]") {
    CHECK(names({file(1, "IMG_0001.HEIC"), file(2, "IMG_0001.MOV", ResourceKind::live_movie)}, {"IMG_0001-17.MOV", "IMG_0001-17-2.HEIC"}) ==
          Names{"IMG_0001-17-3.HEIC", "IMG_0001-17-3.MOV"});
}

TEST_CASE("two files of an asset that would be called alike, also in another case, are told apart", "[pixel_sync]") {
    CHECK(names({file(1, "IMG_0001.JPG"), file(2, "IMG_0001.jpg", ResourceKind::alternative)}) ==
          Names{"IMG_0001-17.JPG", "IMG_0001-alternative-17.jpg"});
    CHECK(names({file(1, "IMG_0001.JPG"), file(2, "img_0001.jpg")}) == Names{"IMG_0001-17.JPG", "IMG_0001-17-f2.jpg"});
}

TEST_CASE("a file without an asset is numbered by itself", "[pixel_sync]") {
    CHECK(names({file(17, "IMG_0001.JPG", ResourceKind::original, std::nullopt)}) == Names{"IMG_0001-f17.JPG"});
}

}  // namespace mediaferry::stages
