// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/icloud/names.h"

using namespace mediaferry;
using namespace mediaferry::icloud;

TEST_CASE("every file of an asset has its own name", "[icloud]") {
    const auto [asset, kind, type, name] = GENERATE(table<std::string, ResourceKind, std::string, std::string>({
        {"IMG_0001.HEIC", ResourceKind::original, "public.heic", "IMG_0001.HEIC"},
        {"scan.jpeg", ResourceKind::original, "public.jpeg", "scan.jpeg"},
        {"IMG_0001.HEIC", ResourceKind::live_movie, "com.apple.quicktime-movie", "IMG_0001.MOV"},
        {"IMG_0001.HEIC", ResourceKind::edited, "public.jpeg", "IMG_0001-adjusted.JPG"},
        {"IMG_0001.HEIC", ResourceKind::edited_movie, "com.apple.quicktime-movie", "IMG_0001-adjusted.MOV"},
        {"IMG_0001.HEIC", ResourceKind::sidecar, "com.apple.photos.apple-adjustment-envelope", "IMG_0001.AAE"},
        {"DSC_1.JPG", ResourceKind::alternative, "com.adobe.raw-image", "DSC_1.DNG"},
        {"DSC_1.NEF", ResourceKind::alternative, "public.jpeg", "DSC_1.JPG"},
        {"DSC_1.JPG", ResourceKind::alternative, "public.jpeg", "DSC_1-alternative.JPG"},
        {"nameless", ResourceKind::original, "public.png", "nameless.PNG"},
        {"caf\xc3\xa9 \xf0\x9f\x98\x80.JPG", ResourceKind::original, "public.jpeg", "caf\xc3\xa9 \xf0\x9f\x98\x80.JPG"},
    }));
    CHECK(file_name(asset, kind, type) == name);
}

TEST_CASE("a name from iCloud cannot leave its folder", "[icloud]") {
    const auto name = file_name("../../etc/passwd\n.JPG", ResourceKind::original, "public.jpeg");
    CHECK(name.find('/') == std::string::npos);
    CHECK(name.front() != '.');
}

TEST_CASE("content decides what a file is", "[icloud]") {
    const auto text = [](const char* bytes, std::size_t size) { return std::string(bytes, size); };
    const auto [head, type, name, kind] = GENERATE_COPY(table<std::string, std::string, std::string, MediaKind>({
        {"\xff\xd8\xff\xe0....", "public.jpeg", "a.JPG", MediaKind::photo},
        {"\xff\xd8\xff\xe0....", "com.apple.quicktime-movie", "a.MOV", MediaKind::photo},
        {text("\0\0\0\x18"
              "ftypheic",
              12),
         "public.heic", "a.HEIC", MediaKind::photo},
        {text("\0\0\0\x14"
              "ftypqt  ",
              12),
         "public.jpeg", "a.JPG", MediaKind::video},
        {text("\0\0\0\x18"
              "ftypcrx ",
              12),
         "com.canon.cr3-raw-image", "a.CR3", MediaKind::raw},
        {text("II*\0....", 8), "com.adobe.raw-image", "a.DNG", MediaKind::raw},
        {text("II*\0....", 8), "public.tiff", "a.TIFF", MediaKind::photo},
        {"<!DOCTYPE html><html>", "public.jpeg", "a.JPG", MediaKind::other},
        {"<?xml version=\"1.0\"?><plist>", "com.apple.photos.apple-adjustment-envelope", "a.AAE", MediaKind::sidecar},
        {"<?xml version=\"1.0\"?><plist>", "", "a.AAE", MediaKind::sidecar},
        {"????", "", "a.xyz", MediaKind::other},
        {"", "public.jpeg", "a.JPG", MediaKind::photo},
    }));
    CAPTURE(name, type);
    CHECK(kind_of(head, type, name) == kind);
}

TEST_CASE("a page is told from a photo", "[icloud]") {
    CHECK(looks_like_text("  \n<html>"));
    CHECK(looks_like_text("{\"error\":1}"));
    CHECK_FALSE(looks_like_text("\xff\xd8\xff"));
    CHECK_FALSE(looks_like_text(""));
}
