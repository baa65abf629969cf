// SPDX-License-Identifier: GPL-3.0-or-later
// Where icloudpd puts its files, by the examples seen of it; and what is told of a file that matches nothing.
#include <catch2/catch.hpp>

#include "stages/icloud_download/arrivals.h"
#include "stages/icloud_download/icloudpd_path.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::stages;

namespace {

std::string path_of(const std::string& filename, ResourceKind kind, const std::string& type, const std::string& master = "AUeo70") {
    media_db::Asset asset;
    asset.filename = filename;
    asset.master_name = master;
    asset.taken = *from_iso("2024-05-31T23:59:59Z");
    media_db::Resource resource;
    resource.kind = kind;
    resource.file_type = type;
    const auto path = icloudpd_path(asset, resource, "{:%Y/%m}");
    return path ? path->string() : "";
}

}  // namespace

TEST_CASE("icloudpd's names can be told in advance", "[icloud_download]") {
    const auto [filename, kind, type, expected] = GENERATE(table<std::string, ResourceKind, std::string, std::string>({
        {"IMG_0001.HEIC", ResourceKind::original, "public.heic", "2024/05/IMG_0001_QVVlbzc.HEIC"},
        {"IMG_0001.HEIC", ResourceKind::live_movie, "com.apple.quicktime-movie", "2024/05/IMG_0001_QVVlbzc_HEVC.MOV"},
        {"IMG_0001.heic", ResourceKind::live_movie, "com.apple.quicktime-movie", "2024/05/IMG_0001_QVVlbzc_HEVC.MOV"},
        {"IMG_0002.JPG", ResourceKind::live_movie, "com.apple.quicktime-movie", "2024/05/IMG_0002_QVVlbzc.MOV"},
        {"photo.jpeg", ResourceKind::original, "public.jpeg", "2024/05/photo_QVVlbzc.JPG"},
        {"IMG_0004.JPG", ResourceKind::alternative, "com.adobe.raw-image", "2024/05/IMG_0004_QVVlbzc.DNG"},
        {"IMG_0005.JPG", ResourceKind::edited, "public.jpeg", "2024/05/IMG_0005-adjusted.JPG"},
        {"IMG_0006.XYZ", ResourceKind::original, "com.example.unheard-of", "2024/05/IMG_0006_QVVlbzc.XYZ"},
        {"café 😀 a:b.JPG", ResourceKind::original, "public.jpeg", "2024/05/café 😀 a_b_QVVlbzc.JPG"},
        {"a/b\\c?.JPG", ResourceKind::original, "public.jpeg", "2024/05/a_b_c__QVVlbzc.JPG"},
        {"IMG_0007.MOV", ResourceKind::edited_movie, "com.apple.quicktime-movie", ""},
        {"IMG_0007.JPG", ResourceKind::sidecar, "com.apple.photos.apple-adjustment-envelope", ""},
    }));
    CHECK(path_of(filename, kind, type) == expected);
}

TEST_CASE("a short master name gives a short mark", "[icloud_download]") {
    CHECK(path_of("a.JPG", ResourceKind::original, "public.jpeg", "AQV") == "2024/05/a_QVFW.JPG");
}

TEST_CASE("folder structures are expanded as Python would", "[icloud_download]") {
    const auto at = *from_iso("2024-05-31T23:59:59Z");
    const auto [structure, expected] = GENERATE(table<std::string, std::string>({
        {"{:%Y/%m}", "2024/05"},
        {"{:%Y}/{:%m-%d}", "2024/05-31"},
        {"photos/{:%Y}", "photos/2024"},
        {"none", ""},
        {"flat", "flat"},
        {"{:%Y", "{:%Y"},
        {"", ""},
    }));
    CHECK(expand_folder_structure(structure, at) == expected);
}

TEST_CASE("what is wrong with an arrival is told as far as its bytes tell", "[icloud_download]") {
    const test::TempDir dir;
    const auto why = [&](const std::string& content) {
        const auto file = test::write(dir / "IMG_0001.JPG", content);
        return why_nothing_matches(file, Bytes{content.size()}).code;
    };
    CHECK(why("") == "download.empty");
    CHECK(why("<!DOCTYPE html><html><body>Sign in</body></html>") == "download.page");
    CHECK(why("\xff\xd8\xff" + test::noise(5000, 3)) == "download.mismatch");
}
