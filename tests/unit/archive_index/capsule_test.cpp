// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/capsule.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::archive_index;

namespace {

CapsuleAsset photo() {
    const Timestamp noon{std::chrono::seconds{1'717'236'000}};
    CapsuleFile file;
    file.path = "2024/06/IMG_0001.HEIC";
    file.filename = "IMG_0001.HEIC";
    file.live_pair = true;
    file.size = Bytes{1234};
    file.sha256.bytes[3] = 9;
    file.apple_checksum = "AQ==";
    file.file_type = "public.heic";
    file.taken = file.archived = noon;
    file.read_back = noon;
    file.at_google = true;
    file.incoming = {"2024/06/IMG_0001.HEIC"};
    CapsuleAsset asset;
    asset.account = account_hash("someone@example.com");
    asset.library = "PrimarySync";
    asset.record = "REC-1";
    asset.master = "MASTER-1";
    asset.change_tag = "35u";
    asset.filename = "IMG_0001.HEIC";
    asset.taken = asset.added = noon;
    asset.favourite = true;
    asset.title = "Grüße & <Küsse>";
    asset.caption = "a \"quoted\"\nline";
    asset.albums = {"Holidays", "Zürich"};
    asset.deleted = noon;
    asset.files = {file};
    return asset;
}

}  // namespace

TEST_CASE("a capsule read back is the capsule that was written", "[archive_index]") {
    const std::vector<CapsuleAsset> photos{photo(), CapsuleAsset{}};
    const auto text = to_json("2024/06", photos);
    CHECK(capsule_from_json(text) == photos);
    CHECK(to_json("2024/06", capsule_from_json(text)) == text);
}

TEST_CASE("a capsule whose paths lead elsewhere is refused as a whole", "[archive_index]") {
    const auto change =
        GENERATE(as<std::string>{}, "../IMG_0001.HEIC", "/etc/IMG_0001.HEIC", "2024/../../IMG_0001.HEIC", "2024//IMG_0001.HEIC", "..", "");
    const auto refused = [](const CapsuleAsset& one) { CHECK_THROWS_AS(capsule_from_json(to_json("", {one})), BadInput); };
    auto bad = photo();
    bad.files[0].path = change;
    refused(bad);
    bad = photo();
    bad.files[0].incoming = {change};
    refused(bad);
    bad = photo();
    bad.files[0].filename = change;
    refused(bad);
    bad.files[0].filename = "a/b.HEIC";
    refused(bad);
}

TEST_CASE("the Apple account is not named in the archive", "[archive_index]") {
    CHECK(to_json("", {photo()}).find("someone") == std::string::npos);
    CHECK(account_hash("a@example.com") != account_hash("b@example.com"));
}

TEST_CASE("a capsule that is damaged or of another program is refused, not guessed at", "[archive_index]") {
    const auto good = to_json("2024/06", {photo()});
    auto newer = good;
    newer.replace(newer.find("\"version\": 1"), 12, "\"version\": 2");
    auto cut = good.substr(0, good.size() / 2);
    auto no_time = good;
    no_time.replace(no_time.find("2024-06-01"), 4, "when");
    for (const auto& text : {std::string{}, std::string{"[]"}, std::string{"{\"format\": 7}"}, newer, cut, no_time}) {
        CAPTURE(text);
        CHECK_THROWS_AS(capsule_from_json(text), BadInput);
    }
}

TEST_CASE("a sidecar says what the owner said, escaped, and is known for ours", "[archive_index]") {
    const auto text = to_xmp(photo());
    CHECK_THAT(text, Catch::Contains("Grüße &amp; &lt;Küsse&gt;"));
    CHECK_THAT(text, Catch::Contains("<rdf:li>Zürich</rdf:li>"));
    CHECK_THAT(text, Catch::Contains("xmp:Rating=\"5\""));
    CHECK(is_our_xmp(text));
    CHECK_FALSE(is_our_xmp("<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" x:xmptk=\"darktable\">"));
}

TEST_CASE("sha256sum itself takes the checksums, strange names too", "[archive_index]") {
    test::TempDir dir;
    std::map<std::string, Sha256> sums;
    for (const std::string name : {"plain.jpg", "with blank.jpg", "back\\slash.jpg", "line\nbreak.jpg", "Grüße.jpg"}) {
        std::ofstream((dir.path() / name).string()) << name;
        sums[name] = files::digest_file(dir.path() / name).sha256;
    }
    std::ofstream((dir / "SHA256SUMS").string()) << sums_text(sums);
    CHECK(std::system(("cd '" + dir.path().string() + "' && sha256sum --quiet --strict -c SHA256SUMS").c_str()) == 0);
    CHECK(sums_from_text(sums_text(sums)) == sums);
    CHECK(sums_from_text("no checksum\n" + sums_text(sums)) == sums);
}
