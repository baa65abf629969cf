// SPDX-License-Identifier: GPL-3.0-or-later
// The client against the loopback iCloud, over real TLS and a real proxy.
#include <algorithm>
#include <catch2/catch.hpp>

#include "common/icloud/client.h"
#include "tests/support/loopback_icloud.h"

using namespace mediaferry;
using namespace mediaferry::icloud;
using test::Loopback;
using test::noise;
using test::read;

namespace {

/// A signed-in client on a seeded session.
struct World {
    Loopback apple;
    SystemClock clock;
    SessionLock lock = SessionLock::take(apple.settings().cookie_directory);
    Client client() { return Client{lock, apple.settings(), clock}; }
    Client signed_in() {
        apple.seed_session();
        return client();
    }
};

std::vector<std::string> names(Client& client, Listing& listing) {
    std::vector<std::string> out;
    listing = client.list([&](const std::vector<Asset>& page) {
        for (const auto& asset : page) out.push_back(asset.record_name);
        return true;
    });
    return out;
}

Asset live(Client& client, const std::string& name) {
    const auto looked = client.lookup({{name, ""}});
    REQUIRE(looked.front().state == Looked::State::live);
    return *looked.front().asset;
}

}  // namespace

TEST_CASE("signing in goes by what the session is worth", "[icloud]") {
    World world;
    auto client = world.client();
    CHECK(client.sign_in() == SignIn::login_needed);
    CHECK_THROWS_AS(client.listed_count(), SignInRequired);

    world.apple.seed_session();
    CHECK(client.sign_in() == SignIn::signed_in);

    SECTION("a stale session is renewed with its own tokens, and written back") {
        world.apple.call("expire", {{"session_tokens", false}});
        const auto before = read(world.apple.settings().cookie_directory / "jdoeexamplecom");
        CHECK(client.sign_in() == SignIn::signed_in);
        CHECK(read(world.apple.settings().cookie_directory / "jdoeexamplecom") != before);
        CHECK(world.client().sign_in() == SignIn::signed_in);
    }
    SECTION("a session that ends in the middle is renewed in the middle") {
        world.apple.call("expire", {{"session_tokens", false}});
        CHECK(client.listed_count() == 0);
    }
    SECTION("without tokens a password is needed, and it is not ours to try") {
        world.apple.call("expire");
        CHECK(client.sign_in() == SignIn::login_needed);
        CHECK_THROWS_AS(client.listed_count(), SignInRequired);
        CHECK(world.apple.call("state").at("sign_ins").empty());
    }
    SECTION("an account that Apple no longer trusts us with needs a code") {
        world.apple.call("two_factor", {{"on", true}});
        world.apple.call("trust_lost");
        world.apple.call("expire", {{"session_tokens", false}});
        CHECK(client.sign_in() != SignIn::signed_in);
    }
}

TEST_CASE("throttling, refusal and nonsense are told apart", "[icloud]") {
    World world;
    auto client = world.signed_in();
    REQUIRE(client.sign_in() == SignIn::signed_in);
    SECTION("throttled") {
        world.apple.fault({{"match", "records/query"}, {"status", 503}, {"headers", {{"Retry-After", "120"}}}});
        try {
            client.indexing();
            FAIL("not busy");
        } catch (const Busy& busy) {
            CHECK(busy.wait() >= std::chrono::minutes{1});
        }
    }
    SECTION("an op-lock passes by itself") {
        world.apple.fault({{"match", "records/query"},
                           {"status", 200},
                           {"body", R"({"serverErrorCode":"TRY_AGAIN_LATER","reason":"Sync zone CAS Op-Lock failed"})"},
                           {"times", 2}});
        CHECK(client.indexing().finished());
    }
    SECTION("access denied") {
        world.apple.fault(
            {{"match", "records/query"}, {"status", 403}, {"body", R"({"serverErrorCode":"ACCESS_DENIED","reason":"private db access disabled"})"}});
        CHECK_THROWS_WITH(client.indexing(), Catch::Contains("Advanced Data Protection"));
    }
    SECTION("a web page") {
        world.apple.fault({{"match", "records/query"}, {"html", true}});
        CHECK_THROWS_AS(client.indexing(), TransientError);
    }
    SECTION("no such library") {
        Client other{world.lock, world.apple.settings(), world.clock, Library{"SharedSync-1", "", "private"}};
        CHECK_THROWS_WITH(other.indexing(), Catch::Contains("no such photo library"));
    }
}

TEST_CASE("the listing hands out every asset once", "[icloud]") {
    World world;
    for (int i = 0; i < 230; ++i) world.apple.add("IMG_" + std::to_string(1000 + i), {{"original", "photo " + std::to_string(i)}}, i);
    auto client = world.signed_in();
    Listing listing;
    SECTION("over several pages, newest first") {
        const auto seen = names(client, listing);
        CHECK(listing.complete());
        CHECK(listing.seen == 230);
        CHECK(listing.expected == 230);
        CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == 230);
    }
    SECTION("past an empty page in the middle") {
        world.apple.fault({{"match", "CPLAssetAndMasterByAssetDate"}, {"empty_page", true}, {"skip", 1}, {"times", 1}});
        names(client, listing);
        CHECK(listing.complete());
    }
    SECTION("past an empty first page") {
        world.apple.fault({{"match", "CPLAssetAndMasterByAssetDate"}, {"empty_page", true}, {"times", 1}});
        names(client, listing);
        CHECK(listing.complete());
    }
    SECTION("or says that it is not complete") {
        world.apple.call("knob", {{"count_offset", 3}});
        names(client, listing);
        CHECK_FALSE(listing.complete());
        CHECK(listing.seen == 230);
    }
    SECTION("with pairs healed that a page tore apart") {
        const auto master = world.apple.call("state").at("assets").at("IMG_1229").at("master");
        world.apple.fault({{"match", "CPLAssetAndMasterByAssetDate"}, {"drop_records", {master}}});
        std::int64_t held = 0;
        listing = client.list([&](const std::vector<Asset>& page) {
            held += std::count_if(page.begin(), page.end(), [](const Asset& a) { return a.hold.has_value(); });
            return true;
        });
        CHECK(held == 0);
        CHECK(listing.complete());
    }
    SECTION("until its reader has enough") {
        listing = client.list([](const std::vector<Asset>&) { return false; });
        CHECK_FALSE(listing.complete());
    }
}

TEST_CASE("an empty library is complete", "[icloud]") {
    World world;
    auto client = world.signed_in();
    Listing listing;
    CHECK(names(client, listing).empty());
    CHECK(listing.complete());
}

TEST_CASE("lookup says live, deleted or gone", "[icloud]") {
    World world;
    const auto here = world.apple.add("IMG_1", {{"original", "a"}, {"live_movie", "b"}, {"edited", "c"}});
    const auto gone = world.apple.add("IMG_2", {{"original", "d"}});
    world.apple.call("delete", {{"asset", "IMG_2"}});
    auto client = world.signed_in();
    const auto looked = client.lookup({{here, ""}, {gone, ""}, {"NOBODY", ""}});
    REQUIRE(looked.size() == 3);
    CHECK(looked[0].state == Looked::State::live);
    CHECK(looked[0].asset->resources.size() == 3);
    CHECK(looked[1].state == Looked::State::deleted);
    CHECK(looked[2].state == Looked::State::gone);
}

TEST_CASE("an album is found, or made once", "[icloud]") {
    World world;
    auto client = world.signed_in();
    CHECK_FALSE(client.find_album("DeletePending"));
    const auto album = client.find_or_create_album("DeletePending");
    CHECK(client.find_or_create_album("DeletePending") == album);
    CHECK(world.apple.call("state").at("albums").size() == 1);
    SECTION("and made anew when a person deleted it") {
        world.apple.call("delete_album", {{"album", "DeletePending"}});
        CHECK_FALSE(client.find_album("DeletePending"));
        CHECK(client.find_or_create_album("DeletePending") != album);
    }
}

TEST_CASE("filing is believed only when it is read back", "[icloud]") {
    World world;
    std::vector<std::string> assets;
    for (int i = 0; i < 120; ++i) assets.push_back(world.apple.add("IMG_" + std::to_string(i), {{"original", "photo " + std::to_string(i)}}, i));
    auto client = world.signed_in();
    const auto album = client.find_or_create_album("DeletePending");
    const auto members = [&](const std::vector<Filed>& filed) {
        return std::count_if(filed.begin(), filed.end(), [](const Filed& f) { return f.member; });
    };

    SECTION("all of them, and again without harm") {
        world.apple.call("knob", {{"repeat_create", GENERATE("EXISTS", "CONFLICT")}});
        CHECK(members(client.add_members(album, assets)) == 120);
        CHECK(members(client.add_members(album, assets)) == 120);
        CHECK(client.members(album).relation_of.size() == 120);
        CHECK(client.members(album).complete());
    }
    SECTION("a yes without effect is no membership") {
        world.apple.fault({{"match", "records/modify"}, {"ack_without_effect", true}, {"times", 0}});
        const auto filed = client.add_members(album, {assets[0]});
        CHECK_FALSE(filed.front().member);
        CHECK(filed.front().code == "NOT_READ_BACK");
    }
    SECTION("an unknown asset is told with its code, the others are filed") {
        const auto filed = client.add_members(album, {assets[0], "NOBODY", assets[1]});
        CHECK(filed[0].member);
        CHECK_FALSE(filed[1].member);
        CHECK(filed[1].code == "NOT_FOUND");
        CHECK(filed[2].member);
    }
    SECTION("a photo that a person takes out is out") {
        client.add_members(album, {assets[0], assets[1]});
        world.apple.call("unfile", {{"asset", "IMG_0"}, {"album", "DeletePending"}});
        CHECK(client.membership(album, {assets[0], assets[1]}) == std::vector<Membership>{Membership::not_member, Membership::member});
        CHECK_FALSE(client.members(album).contains(assets[0]));
    }
    SECTION("we can take one out as well") {
        client.add_members(album, {assets[0], assets[1]});
        client.remove_member(album, assets[0]);
        client.remove_member(album, assets[0]);
        CHECK(client.members(album).relation_of.size() == 1);
    }
}

TEST_CASE("deletion answers for each asset by itself", "[icloud]") {
    World world;
    std::vector<Deletion> wanted;
    auto client = world.signed_in();
    for (int i = 0; i < 4; ++i) {
        const auto name = world.apple.add("IMG_" + std::to_string(i), {{"original", "photo " + std::to_string(i)}}, i);
        wanted.push_back({name, live(client, name).change_tag});
    }
    SECTION("a stale tag and an unknown asset do not stop the others") {
        world.apple.call("touch", {{"asset", "IMG_1"}});
        wanted.push_back({"NOBODY", "1a"});
        const auto answers = client.delete_assets(wanted);
        using Answer = Deleted::Answer;
        REQUIRE(answers.size() == 5);
        CHECK(answers[0].answer == Answer::accepted);
        CHECK(answers[1].answer == Answer::changed);
        CHECK(answers[2].answer == Answer::accepted);
        CHECK(answers[3].answer == Answer::accepted);
        CHECK(answers[4].answer == Answer::gone);
        CHECK(client.listed_count() == 1);
        CHECK(client.recently_deleted_count() == 3);
        std::set<std::string> deleted;
        CHECK(client
                  .list_recently_deleted([&](const std::vector<Asset>& page) {
                      for (const auto& asset : page) deleted.insert(asset.record_name);
                      return true;
                  })
                  .complete());
        CHECK(deleted == std::set<std::string>{wanted[0].record_name, wanted[2].record_name, wanted[3].record_name});
        for (const auto& deletion : world.apple.call("deleted")) CHECK_FALSE(deletion.contains("permanently"));
    }
    SECTION("done and not acknowledged is an exception, and the lookup tells") {
        world.apple.fault({{"match", "records/modify"}, {"effect_without_ack", true}});
        CHECK_THROWS_AS(client.delete_assets({wanted[0]}), Unavailable);
        CHECK(client.lookup({{wanted[0].record_name, ""}}).front().state == Looked::State::deleted);
    }
    SECTION("done, and the connection closed without a word: it is sent once") {
        world.apple.fault({{"match", "records/modify"}, {"effect_without_ack", true}, {"hang_up", true}});
        CHECK_THROWS_AS(client.delete_assets({wanted[0]}), Error);
        CHECK(world.apple.modifications() == 1);
    }
    SECTION("too many, unnamed or doubled deletions are bugs") {
        std::vector<Deletion> crowd;
        for (int i = 0; i < 51; ++i) crowd.push_back({"RECORD_" + std::to_string(i), "1a"});
        CHECK_THROWS_AS(client.delete_assets(crowd), std::logic_error);
        CHECK_THROWS_AS(client.delete_assets({{wanted[0].record_name, ""}}), std::logic_error);
        CHECK_THROWS_AS(client.delete_assets({wanted[0], wanted[0]}), std::logic_error);
        CHECK(client.listed_count() == 4);
    }
}

TEST_CASE("a fetched file is proven to be the resource", "[icloud]") {
    World world;
    const auto content = noise(300'000, 7);
    const auto name = world.apple.add("IMG_1", {{"original", content}});
    auto client = world.signed_in();
    const auto resource = *live(client, name).resource(ResourceKind::original);
    const auto part = world.apple.dir() / "file.part";

    SECTION("in one go, without a cookie") {
        const auto digests = client.fetch(resource, part);
        CHECK(digests.apple_checksum == resource.checksum);
        CHECK(read(part) == content);
    }
    SECTION("on from where the connection broke") {
        world.apple.fault({{"checksum", resource.checksum}, {"truncate_at", 100'000}});
        CHECK_THROWS_AS(client.fetch(resource, part), Unavailable);
        CHECK(fs::file_size(part) == 100'000);
        std::uint64_t moved = 0;
        client.fetch(resource, part, [&](Bytes bytes) { moved += bytes.count; });
        CHECK(read(part) == content);
        CHECK(moved == 200'000);
    }
    SECTION("although the server ignores the range") {
        test::write(part, content.substr(0, 100'000));
        world.apple.fault({{"checksum", resource.checksum}, {"ignore_range", true}});
        client.fetch(resource, part);
        CHECK(read(part) == content);
    }
    SECTION("although an earlier part is garbage, complete or too long") {
        test::write(part, GENERATE_COPY(noise(1000, 9), noise(300'000, 9), noise(300'001, 9)));
        client.fetch(resource, part);
        CHECK(read(part) == content);
    }
    SECTION("an earlier part that is whole needs no download") {
        test::write(part, content);
        const auto before = world.apple.call("state").at("requests").get<int>();
        client.fetch(resource, part);
        CHECK(world.apple.call("state").at("requests").get<int>() == before);
    }
    SECTION("a flipped byte, a short body and a web page are thrown away") {
        const auto fault =
            GENERATE(as<nlohmann::json>{}, nlohmann::json{{"corrupt", true}}, nlohmann::json{{"short", 1000}}, nlohmann::json{{"html", true}});
        auto with = fault;
        with["checksum"] = resource.checksum;
        world.apple.fault(with);
        CHECK_THROWS_WITH(client.fetch(resource, part), Catch::Contains("not what iCloud lists"));
        CHECK_FALSE(fs::exists(part));
    }
    SECTION("of what is longer than listed no more is taken") {
        auto shorter = resource;
        shorter.size = {1000};
        std::uint64_t moved = 0;
        CHECK_THROWS_WITH(client.fetch(shorter, part, [&](Bytes bytes) { moved += bytes.count; }), Catch::Contains("not what iCloud lists"));
        CHECK(moved <= 1000);
        CHECK_FALSE(fs::exists(part));
    }
    SECTION("an expired address is told as such") {
        world.apple.fault({{"checksum", resource.checksum}, {"status", 410}, {"body", ""}});
        try {
            client.fetch(resource, part);
            FAIL("fetched");
        } catch (const TransientError& error) {
            CHECK(error.code() == "icloud.url_expired");
        }
    }
    SECTION("a range is asked for and got") {
        std::string got;
        const auto began = client.download(resource.url, 299'990, [&](std::string_view piece) {
            got += piece;
            return true;
        });
        CHECK(began == 299'990);
        CHECK(got == content.substr(299'990));
    }
}
