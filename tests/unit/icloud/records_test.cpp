// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/icloud/records.h"

using namespace mediaferry;
using namespace mediaferry::icloud;
using nlohmann::json;

namespace {

// A page as iCloud sends it: a live HEIC with an edit.
const std::string kPage = R"({"records":[
 {"recordName":"AUeo75fPbx8/FXIUxn4g1AdSSFNx","recordType":"CPLMaster","recordChangeTag":"35t","fields":{
   "filenameEnc":{"value":"SU1HXzAwMDEuSEVJQw==","type":"ENCRYPTED_BYTES"},"itemType":{"value":"public.heic","type":"STRING"},
   "resOriginalRes":{"value":{"fileChecksum":"AUeo75fPbx8/FXIUxn4g1AdSSFNx","size":300000,"wrappingKey":"AA==","downloadURL":"https://cvws.icloud-content.com/B/A/${f}?o=1"},"type":"ASSETID"},
   "resOriginalFileType":{"value":"public.heic","type":"STRING"},"resOriginalWidth":{"value":4032,"type":"INT64"},
   "resJPEGMedRes":{"value":{"fileChecksum":"Amed","size":5,"downloadURL":"https://x"},"type":"ASSETID"},
   "resJPEGFullRes":{"value":{"fileChecksum":"Arendition","size":5,"downloadURL":"https://x"},"type":"ASSETID"},
   "resOriginalVidComplRes":{"value":{"fileChecksum":"AXAV","size":500000,"downloadURL":"https://x"},"type":"ASSETID"},
   "resOriginalVidComplFileType":{"value":"com.apple.quicktime-movie","type":"STRING"}}},
 {"recordName":"C6BFAEA9-6645-5578-9DE4-054B72DC6C5A","recordType":"CPLAsset","recordChangeTag":"35u","fields":{
   "masterRef":{"value":{"recordName":"AUeo75fPbx8/FXIUxn4g1AdSSFNx","action":"DELETE_SELF","zoneID":{"zoneName":"PrimarySync"}},"type":"REFERENCE"},
   "assetDate":{"value":1714564800123,"type":"TIMESTAMP"},"addedDate":{"value":1714564801000,"type":"TIMESTAMP"},"isHidden":{"value":0,"type":"INT64"},"isFavorite":{"value":1,"type":"INT64"},
   "adjustmentType":{"value":"com.apple.photo","type":"STRING"},"resJPEGFullRes":{"value":{"fileChecksum":"Aedit","size":95000,"downloadURL":"https://x"},"type":"ASSETID"},
   "resJPEGFullFileType":{"value":"public.jpeg","type":"STRING"}}}],
 "syncToken":"T","continuationMarker":"EgYZ"})";

json page() { return json::parse(kPage); }
Asset only_asset(const json& body) {
    const auto records = read_records(body.dump());
    REQUIRE(records.assets.size() == 1);
    return records.assets.front();
}

}  // namespace

TEST_CASE("an asset has every file of both records but the renditions", "[icloud]") {
    const auto records = read_records(kPage);
    REQUIRE(records.assets.size() == 1);
    CHECK(records.asset_records == 1);
    CHECK(records.continuation == "EgYZ");
    const Asset& asset = records.assets.front();
    CHECK(asset.record_name == "C6BFAEA9-6645-5578-9DE4-054B72DC6C5A");
    CHECK(asset.master_name == "AUeo75fPbx8/FXIUxn4g1AdSSFNx");
    CHECK(asset.change_tag == "35u");
    CHECK(asset.filename == "IMG_0001.HEIC");
    CHECK(to_iso(asset.taken) == "2024-05-01T12:00:00Z");
    CHECK(asset.favourite);
    CHECK_FALSE(asset.hidden);
    CHECK_FALSE(asset.deleted);
    CHECK_FALSE(asset.hold);
    REQUIRE(asset.resources.size() == 3);
    CHECK(asset.resource(ResourceKind::original)->checksum == "AUeo75fPbx8/FXIUxn4g1AdSSFNx");
    CHECK(asset.resource(ResourceKind::original)->size == Bytes{300000});
    CHECK(asset.resource(ResourceKind::original)->file_type == "public.heic");
    CHECK(asset.resource(ResourceKind::live_movie)->checksum == "AXAV");
    CHECK(asset.resource(ResourceKind::edited)->checksum == "Aedit");
}

TEST_CASE("a file of an unknown kind holds the asset", "[icloud]") {
    auto body = page();
    body["records"][GENERATE(0, 1)]["fields"]["resHologramRes"] = {{"value", {{"fileChecksum", "A"}, {"size", 1}}}};
    REQUIRE(only_asset(body).hold);
    CHECK(only_asset(body).hold->code == "icloud.unknown_resource");
}

TEST_CASE("a file without checksum or size holds the asset", "[icloud]") {
    auto body = page();
    body["records"][1]["fields"]["resJPEGFullRes"]["value"].erase(GENERATE("fileChecksum", "size"));
    REQUIRE(only_asset(body).hold);
    CHECK(only_asset(body).hold->code == "icloud.no_checksum");
}

TEST_CASE("half a pair is told, not dropped", "[icloud]") {
    auto body = page();
    SECTION("the asset without its master") {
        body["records"].erase(0);
        CHECK(only_asset(body).hold->code == "icloud.no_master");
    }
    SECTION("the master without its asset") {
        body["records"].erase(1);
        const auto records = read_records(body.dump());
        CHECK(records.assets.empty());
        CHECK(records.lone_masters == std::vector<std::string>{"AUeo75fPbx8/FXIUxn4g1AdSSFNx"});
    }
    SECTION("its master looked up afterwards makes it whole") {
        auto masters = body;
        masters["records"].erase(1);
        body["records"].erase(0);
        const auto pairs = read_pairs(body.dump(), masters.dump());
        REQUIRE(pairs.size() == 1);
        CHECK_FALSE(pairs.front().hold);
        CHECK(pairs.front().resources.size() == 3);
    }
    SECTION("a master without original holds the asset") {
        body["records"][0]["fields"].erase("resOriginalRes");
        CHECK(only_asset(body).hold->code == "icloud.no_original");
    }
}

TEST_CASE("two assets may share one master", "[icloud]") {
    auto body = page();
    auto second = body["records"][1];
    second["recordName"] = "SECOND";
    body["records"].push_back(second);
    const auto records = read_records(body.dump());
    REQUIRE(records.assets.size() == 2);
    CHECK(records.assets[1].record_name == "SECOND");
    CHECK(records.assets[1].resource(ResourceKind::original));
}

TEST_CASE("a name comes as base64, as plain text, or not at all", "[icloud]") {
    auto body = page();
    auto& fields = body["records"][0]["fields"];
    SECTION("plain text") {
        fields["filenameEnc"] = {{"value", "IMG_7.HEIC"}, {"type", "STRING"}};
        CHECK(only_asset(body).filename == "IMG_7.HEIC");
    }
    SECTION("text that calls itself base64 and is not") {
        fields["filenameEnc"] = {{"value", "Foto vom See.HEIC"}, {"type", "ENCRYPTED_BYTES"}};
        CHECK(only_asset(body).filename == "Foto vom See.HEIC");
    }
    SECTION("none") {
        fields.erase("filenameEnc");
        CHECK(only_asset(body).filename == "AUeo75fPbx8_.HEIC");
    }
}

TEST_CASE("deleted, hidden and erring records are told apart", "[icloud]") {
    auto body = page();
    body["records"][1]["fields"]["isDeleted"] = {{"value", 1}, {"type", "INT64"}};
    body["records"][1]["fields"]["isHidden"] = {{"value", 1}, {"type", "INT64"}};
    body["records"].push_back({{"recordName", "X"}, {"serverErrorCode", "CONFLICT"}, {"reason", "client oplock error updating record"}});
    body["records"].push_back({{"recordName", "Y"}, {"recordType", nullptr}, {"deleted", true}});
    const auto records = read_records(body.dump());
    CHECK(records.assets.front().deleted);
    CHECK(records.assets.front().hidden);
    REQUIRE(records.errors.size() == 1);
    CHECK(records.errors.front().code == "CONFLICT");
    CHECK(records.states.back().record_name == "Y");
    CHECK(records.states.back().deleted);
}

TEST_CASE("albums and memberships are read", "[icloud]") {
    const auto records = read_records(R"({"records":[
      {"recordName":"1D1A","recordType":"CPLAlbum","recordChangeTag":"2orx","fields":{"albumNameEnc":{"value":"RGVsZXRlUGVuZGluZw==","type":"ENCRYPTED_BYTES"},"albumType":{"value":0},"position":{"value":1040}}},
      {"recordName":"F","recordType":"CPLAlbum","fields":{"albumNameEnc":{"value":"Urlaub","type":"STRING"},"albumType":{"value":3},"isDeleted":{"value":1}}},
      {"recordName":"A-IN-B","recordType":"CPLContainerRelation","fields":{"itemId":{"value":"A","type":"STRING"},"containerId":{"value":"B","type":"STRING"}}}]})");
    REQUIRE(records.albums.size() == 2);
    CHECK(records.albums[0].name == "DeletePending");
    CHECK(records.albums[0].position == 1040);
    CHECK(records.albums[1].folder);
    CHECK(records.albums[1].deleted);
    REQUIRE(records.relations.size() == 1);
    CHECK(records.relations[0].asset == "A");
    CHECK(records.relations[0].album == "B");
}

TEST_CASE("counts, indexing and zones are read", "[icloud]") {
    CHECK(read_index_count(R"({"batch":[{"records":[{"recordName":"x","fields":{"itemCount":{"value":9,"type":"INT64"}}}]}]})") == 9);
    CHECK(read_indexing(R"({"records":[{"recordName":"_x","fields":{"progress":{"value":100},"state":{"value":"FINISHED"}}}]})").finished());
    CHECK_FALSE(read_indexing(R"({"records":[{"recordName":"_x","fields":{"progress":{"value":40},"state":{"value":"RUNNING"}}}]})").finished());
    CHECK(read_zones(R"({"zones":[{"zoneID":{"zoneName":"PrimarySync","ownerRecordName":"_0123"}}]})").front().owner == "_0123");
}

TEST_CASE("the account says whether a code is needed", "[icloud]") {
    const auto body = [](bool trusted, bool challenge) {
        return json{{"dsInfo", {{"dsid", "10000000001"}, {"hsaVersion", 2}, {"hasICloudQualifyingDevice", true}}},
                    {"hsaTrustedBrowser", trusted},
                    {"hsaChallengeRequired", challenge},
                    {"webservices", {{"ckdatabasews", {{"url", "https://p99-ckdatabasews.icloud.com:443"}}}}}}
            .dump();
    };
    CHECK_FALSE(read_account(body(true, false)).two_factor_needed);
    CHECK(read_account(body(false, false)).two_factor_needed);
    CHECK(read_account(body(true, true)).two_factor_needed);
    CHECK(read_account(body(true, false)).database_url == "https://p99-ckdatabasews.icloud.com:443");
    CHECK(read_account(R"({"domainToUse":"iCloud.com.cn"})").domain_to_use == "iCloud.com.cn");
    CHECK_THROWS_AS(read_account(R"({"dsInfo":{"dsid":"1&x=2"}})"), TransientError);
}

TEST_CASE("hostile answers end in an exception, never in a crash or a made-up photo", "[icloud]") {
    const auto body =
        GENERATE(as<std::string>{}, "", "null", "[]", "<html></html>", "{", R"({"records":7})", R"({"records":[7]})", R"({"records":[{}]})",
                 R"({"records":[{"recordType":"CPLAsset"}]})", R"({"records":[{"recordName":5,"recordType":"CPLAsset"}]})", R"({"x":1})",
                 std::string(200000, '['), "{\"records\":" + std::string(5000, '[') + std::string(5000, ']') + "}", "{\"records\":[\"\xff\xfe\"]}");
    CHECK_THROWS_AS(read_records(body), TransientError);
}

TEST_CASE("any single wrong value in a page is survived", "[icloud]") {
    const std::vector<json> wrong{nullptr, 7, -1, 1e300, "text", json::array(), json::object(), true, INT64_MIN, UINT64_MAX};
    const auto flat = page().flatten();
    for (const auto& [path, unused] : flat.items()) {
        for (const auto& value : wrong) {
            auto body = page();
            body[json::json_pointer(path)] = value;
            try {
                const auto records = read_records(body.dump());
                CHECK(records.assets.size() <= 1);
            } catch (const TransientError&) {
                SUCCEED("refused");
            }
        }
    }
}
