// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "tests/unit/syncthing/rows.h"

namespace mediaferry::syncthing {
namespace {

using namespace test;
using Catch::Contains;

const FolderWanted kWanted{"pixel", "/srv/media/pixel_sync", ""};

FolderConfig good_folder() { return {"pixel", "/srv/media/pixel_sync", "sendonly", false, false, true, false, {kServer, kPhone}}; }
std::vector<DeviceConfig> devices() { return {{kServer, "server"}, {kPhone, "pixel"}}; }

std::string complaint(const FolderConfig& folder, const std::vector<DeviceConfig>& known = devices(), const FolderWanted& wanted = kWanted) {
    try {
        folder_fit({folder}, known, {kServer, "/home/st"}, wanted);
    } catch (const NeedsPerson& error) {
        CHECK(error.code() == "syncthing.folder");
        return error.what();
    }
    return "";
}

Phone state(const std::optional<Connection>& connection, const std::string& remote, const std::string& server = "v1.29.5", bool paused = false) {
    FolderFit fit;
    fit.phone = kPhone;
    fit.phone_paused = paused;
    return phone_state(fit, connection, {remote, 11, 0}, server);
}

const Connection kConnected{true, false, "v1.29.5"};

}  // namespace

TEST_CASE("a send-only folder at our outbox, shared with the phone alone, fits", "[syncthing]") {
    const auto fit = folder_fit({good_folder()}, devices(), {kServer, "/home/st"}, kWanted);
    CHECK(fit.phone == kPhone);
    CHECK(fit.phone_name == "pixel");
    CHECK(fit.may_link);
}

TEST_CASE("originals are not hard-linked into a folder that looks at permissions", "[syncthing]") {
    auto folder = good_folder();
    folder.ignore_permissions = false;
    CHECK_FALSE(folder_fit({folder}, devices(), {kServer, ""}, kWanted).may_link);
}

TEST_CASE("the path may be written with a tilde, a trailing slash or dots", "[syncthing]") {
    auto folder = good_folder();
    folder.path = GENERATE(as<std::string>{}, "/srv/media/pixel_sync/", "/srv/./media/x/../pixel_sync", "~/media/pixel_sync");
    CHECK(folder_fit({folder}, devices(), {kServer, "/srv"}, kWanted).phone == kPhone);
}

TEST_CASE("every deviation of the folder is told with its cure", "[syncthing]") {
    auto folder = good_folder();
    folder.type = GENERATE(as<std::string>{}, "sendreceive", "receiveonly", "receiveencrypted");
    CHECK_THAT(complaint(folder), Contains("Send Only"));

    folder = good_folder();
    folder.path = "/srv/media/other";
    folder.paused = folder.ignore_delete = folder.encrypted = true;
    const auto text = complaint(folder);
    CHECK_THAT(text, Contains("/srv/media/other") && Contains("folders.pixel_sync is /srv/media/pixel_sync") && Contains("paused") &&
                         Contains("ignoreDelete") && Contains("encrypted"));
}

TEST_CASE("a missing folder says which ID is looked for", "[syncthing]") {
    auto folder = good_folder();
    folder.id = "default";
    CHECK_THAT(complaint(folder), Contains("'pixel'") && Contains("pixel_folder_id"));
}

TEST_CASE("exactly the server and the phone share the folder", "[syncthing]") {
    auto folder = good_folder();
    folder.devices = {kServer};
    CHECK_THAT(complaint(folder), Contains("shared with nobody"));
    folder.devices = {kServer, kPhone, kOther};
    CHECK_THAT(complaint(folder), Contains("2 other devices"));
    folder.devices = {kPhone};
    CHECK_THAT(complaint(folder), Contains("not among its devices"));
    folder.devices = {kServer, kOther};
    CHECK_THAT(complaint(folder, {{kServer, ""}, {kOther, ""}}, {"pixel", "/srv/media/pixel_sync", kPhone}),
               Contains("not with syncthing.pixel_device_id"));
}

TEST_CASE("introducers, automatic acceptance and untrusted devices are refused", "[syncthing]") {
    auto known = devices();
    known[1].introducer = true;
    CHECK_THAT(complaint(good_folder(), known), Contains("introducer"));
    known = devices();
    known[1].auto_accept = true;
    CHECK_THAT(complaint(good_folder(), known), Contains("automatically"));
    known = devices();
    known[1].untrusted = true;
    CHECK_THAT(complaint(good_folder(), known), Contains("untrusted"));
    CHECK_THAT(complaint(good_folder(), {{kServer, ""}}), Contains("not among Syncthing's devices"));
}

TEST_CASE("a folder in error or with ignore patterns is not used", "[syncthing]") {
    CHECK_NOTHROW(status_fit({"idle", "", false}, "pixel"));
    CHECK_NOTHROW(status_fit({"scanning", "", false}, "pixel"));
    CHECK_THROWS_AS(status_fit({"error", "folder marker missing", false}, "pixel"), Unavailable);
    CHECK_THROWS_AS(status_fit({"idle", "folder path missing", false}, "pixel"), Unavailable);
    CHECK_THROWS_AS(status_fit({"idle", "", true}, "pixel"), NeedsPerson);
}

TEST_CASE("only a connected phone that shares the folder says anything about files", "[syncthing]") {
    CHECK(state(kConnected, "valid").present);
    CHECK(state(kConnected, "paused").reason.code == "pixel.folder_paused");
    CHECK(state(kConnected, "notSharing").reason.code == "pixel.not_sharing");
    CHECK(state(kConnected, "unknown").reason.code == "pixel.unknown");
    CHECK(state(kConnected, "").reason.code == "pixel.unknown");  // from 1.20 on it must be said
    CHECK(state(Connection{false, false, ""}, "unknown").reason.code == "pixel.away");
    CHECK(state(std::nullopt, "valid").reason.code == "pixel.away");
    CHECK(state(Connection{false, true, ""}, "unknown").reason.code == "pixel.paused");
    CHECK(state(kConnected, "valid", "v1.29.5", true).reason.code == "pixel.paused");
}

TEST_CASE("what a server cannot see weakens what it proves", "[syncthing]") {
    const auto debian = state(kConnected, "", "v1.19.2-ds1");
    CHECK(debian.present);
    CHECK(debian.weakness == "before_1_20");
    CHECK(state(kConnected, "valid", "v1.29.5").weakness.empty());
    CHECK(state(kConnected, "valid", "v2.1.3").weakness == "ignores_unseen");
    CHECK_FALSE(weakness_text("before_1_20").empty());
    CHECK_FALSE(weakness_text("ignores_unseen").empty());
}

}  // namespace mediaferry::syncthing
