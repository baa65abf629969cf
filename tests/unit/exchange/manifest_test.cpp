// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/exchange/manifest.h"

#include <catch2/catch.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"

using namespace mediaferry;
using namespace mediaferry::exchange;

namespace {

OfferedFile offered_file(const std::string& path, const std::string& content = "x") {
    const auto digests = files::digest_bytes(content);
    return {path, fs::path(path).filename().string(), ResourceKind::original, MediaKind::photo, digests.sha256, digests.size};
}

Manifest small_manifest() {
    Manifest manifest{"exchange-20260115_143022-1a2b3c4d", "archive-a", *from_iso("2026-01-15T14:30:22Z"), {}};
    const auto taken = *from_iso("2024-06-01T10:00:00Z");
    auto movie = offered_file("2024/06/IMG_1.MOV", "movie");
    movie.resource = ResourceKind::live_movie;
    movie.kind = MediaKind::video;
    manifest.photos.push_back({{"archive-a", "REC1", "IMG_1.HEIC", taken, taken, true, false, true, {"Summer", "Übermut \"x\""}},
                               {offered_file("2024/06/IMG_1.HEIC", "still"), movie}});
    manifest.photos.push_back({{"archive-b", "sha256:ff", "IMG_2.JPG", taken, taken, false, true, false, {}}, {offered_file("2024/06/IMG_2.JPG")}});
    return manifest;
}

/// The manifest with one piece of its text replaced and its last line made true again: what a hostile sender would write.
std::string forged(const std::string& what, const std::string& with) {
    auto text = to_text(small_manifest());
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), with);
    const auto end = text.find("{\"end\"");
    return text.substr(0, end) + "{\"end\":\"" + to_hex(files::digest_bytes(text.substr(0, end)).sha256) + "\"}\n";
}

std::string code_for(const std::string& text) {
    try {
        parse_manifest(text);
    } catch (const BadInput& error) {
        const std::string said = error.what();
        CHECK(said.find_first_of("\n\x1b") == std::string::npos);  // nothing foreign breaks the line or the terminal
        return error.code();
    }
    return "";
}

}  // namespace

TEST_CASE("a manifest says the same after it was written and read", "[exchange]") {
    const auto manifest = small_manifest();
    CHECK(parse_manifest(to_text(manifest)) == manifest);
    CHECK(manifest.files() == 3);
    CHECK(manifest.bytes().count == 11);
}

TEST_CASE("a path that is not plainly inside the folder makes the whole list refused", "[exchange]") {
    const auto path = GENERATE("../2024/06/IMG_2.JPG", "2024/../../x.JPG", "/etc/passwd", "2024//IMG_2.JPG", "./IMG_2.JPG", "2024/06/", "",
                               "2024/06/IMG\\n2.JPG", "2024/06/IMG\\u00002.JPG", "2024/06/\\u001b[2J.JPG", "mediaferry-exchange.jsonl", "..");
    CHECK(code_for(forged("2024/06/IMG_2.JPG\",\"resource", std::string(path) + "\",\"resource")) == "exchange.path");
}

TEST_CASE("two entries of one path are refused, also where only the case differs", "[exchange]") {
    const auto path = GENERATE("2024/06/IMG_1.HEIC", "2024/06/img_1.heic");
    CHECK(code_for(forged("\"path\":\"2024/06/IMG_2.JPG\"", "\"path\":\"" + std::string(path) + "\"")) == "exchange.path");
}

TEST_CASE("a file name with a slash or a line break is refused", "[exchange]") {
    const auto name = GENERATE("../IMG_2.JPG", "a/b", "IMG\\n.JPG", ".", "");
    CHECK(code_for(forged("\"filename\":\"IMG_2.JPG\",\"kind\"", "\"filename\":\"" + std::string(name) + "\",\"kind\"")) == "exchange.path");
}

TEST_CASE("a value out of its bounds makes the whole list refused", "[exchange]") {
    const auto [what, with] = GENERATE(table<std::string, std::string>({
        {"\"size\":1}", "\"size\":0}"},
        {"\"size\":1}", "\"size\":-1}"},
        {"\"size\":1}", "\"size\":1e99}"},
        {"\"size\":1}", "\"size\":18446744073709551615}"},
        {",\"size\":1}", "}"},
        {"\"kind\":\"photo\"", "\"kind\":\"virus\""},
        {"\"resource\":\"original\"", "\"resource\":\"thumbnail\""},
        {"\"favourite\":true", "\"favourite\":1"},
        {"2024-06-01T10:00:00Z", "yesterday"},
        {"\"albums\":[]", "\"albums\":[7]"},
        {"\"albums\":[]", "\"albums\":{}"},
        {"\"record\":\"REC1\"", "\"record\":\"\""},
        {"exchange-20260115_143022-1a2b3c4d", "../../etc"},
        {"\"mediaferry_exchange\":1", "\"mediaferry_exchange\":2"},
        {"\"photos\":2", "\"photos\":3"},
        {"\"files\":3", "\"files\":4"},
    }));
    CHECK(code_for(forged(what, with)) == "exchange.manifest");
}

TEST_CASE("more files than a list may hold are refused at the first line", "[exchange]") {
    CHECK(code_for(forged("\"files\":3", "\"files\":1000001")) == "exchange.too_many");
    CHECK(code_for(forged("\"files\":3", "\"files\":2")) == "exchange.too_many");
}

TEST_CASE("a manifest that was cut short or changed is refused", "[exchange]") {
    const auto whole = to_text(small_manifest());
    for (std::size_t length = 0; length + 1 < whole.size(); length += 7) CHECK(code_for(whole.substr(0, length)) == "exchange.manifest");
    auto changed = whole;
    changed[changed.find("Summer")] = 'D';
    CHECK(code_for(changed) == "exchange.manifest");
    CHECK(code_for(whole + "{}\n") == "exchange.manifest");
    CHECK(code_for("") == "exchange.manifest");
    CHECK(code_for("[[[[[[[[[[[[[[[[") == "exchange.manifest");
    CHECK(code_for(std::string(2 << 20, 'x')) == "exchange.manifest");
}

TEST_CASE("plain names and list ids", "[exchange]") {
    CHECK(is_plain_name("IMG 1 \"quoted\" \\ ü.JPG"));
    CHECK_FALSE(is_plain_name(std::string(256, 'a')));
    CHECK_FALSE(is_plain_name("\xff.JPG"));
    CHECK(is_list_id("exchange-20260115_143022-1a2b3c4d"));
    for (const char* id :
         {"", "exchange-", "exchange-20260115_143022-1A2B3C4D", "exchange-20260115_143022-1a2b3c4d/", "../exchange-20260115_143022-1a"})
        CHECK_FALSE(is_list_id(id));
}
