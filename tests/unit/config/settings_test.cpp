// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "stages/house.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/config/reading.h"

using namespace mediaferry;
using namespace mediaferry::test;
using namespace std::chrono_literals;

TEST_CASE("the commented example says exactly the defaults", "[config]") {
    const auto example = config::parse(std::string{config::example()}, "m.yaml");
    CHECK(example.warnings.empty());
    CHECK(config::show(example) == config::show(reading(kUser)));
}

TEST_CASE("the commented example shows every key", "[config]") {
    const std::string example{config::example()}, shown = config::show(reading(kUser));
    std::string word;
    for (std::size_t at = 0; at < shown.size(); at = shown.find('\n', at) + 1) {
        const auto line = shown.substr(at, shown.find('\n', at) - at);
        const auto begin = line.find_first_not_of(" -");
        word = line.substr(begin, line.find(':') - begin);
        CAPTURE(word);
        const bool there = example.find("\n" + word + ":") != std::string::npos || example.find(" " + word + ":") != std::string::npos ||
                           example.find("{" + word + ":") != std::string::npos || example.find("# " + word + "_file:") != std::string::npos;
        CHECK(there);
    }
}

TEST_CASE("the minimal config loads without a word", "[config]") {
    const auto minimal = config::parse(read(fs::path{SOURCE_ROOT} / "config/mediaferry.minimal.yaml"), "m.yaml");
    CHECK(minimal.warnings.empty());
    CHECK(minimal.icloud.username == "you@example.com");
    CHECK_FALSE(minimal.icloud_delete.enabled);
}

TEST_CASE("every value that is given is taken", "[config]") {
    const auto s = reading(R"(
database: /data/media.db
folders: {root: /data, backup: /other/backup, library: small}
workflow: {prefix_names: true, cleanup_after: 1h 30m, trash_kept: 90d}
icloud: {username: me@example.com, command: python3 , environment: {HTTPS_PROXY: "http://p:1"}, cookie_directory: /c, proxy: "socks5h://p:2",
         ca_file: /ca.pem, folder_structure: none, album: Soon, recent: 7, silence: 20s, setup_url: "http://127.0.0.1:9/setup"}
syncthing: {api_url: "https://s:1", pixel_folder_id: p, pixel_device_id: D, ca_file: /s.pem, timeout: 0s}
pixel: {batch_files: 9, batch_bytes: 1 GB, proof: freed, dwell: 0s, free_phone: 14d, kinds: photo}
archive: {root: /nas, layout: "{filename}", processes: 3, settle: 0s, trash: bin}
processing: {enabled: false}
compress: {processes: 4, minimum_saving: 1 KiB, minimum_saving_share: 7%, deadline: 1m, memory: 1 GiB, confine: required,
           tier_change_every: 10d, when_archive_is_away: copy, idle: false,
           tiers: [{younger_than: 30d, photo: keep}, {minimum_saving: 9 KiB, minimum_saving_share: 12%, minimum_saving_share_video: 30%, photo: {quality: 60, max_megapixels: 2.5}, video: {codec: av1, quality: 40, max_long_edge: 1280, preset: "8"}}]}
icloud_mark: {enabled: false}
icloud_delete: {enabled: true, approval: automatic, keep_days: 0, require: google, google_proof: dwelt, fresh_within: 1d, max_per_run: 3, max_share: 100%}
cleanup: {enabled: false}
schedule: {nas_archive: every 1m, windows: ["22:00-06:00"]}
retry: {first: 0s, factor: 1.5, max: 2h, attempts: 3}
notify: {ntfy_url: "https://ntfy.sh/t", webhook_url: "https://w/x", healthchecks_url: "https://h/y", command: [tell, me],
         smtp: {url: "smtp://m:25", from: a@b, to: c@d, username: u}}
status: {enabled: false, listen: "[::1]:0"}
log: {level: debug, format: logfmt}
)");
    CHECK(s.database == "/data/media.db");
    CHECK(s.state_directory() == "/data/state");
    CHECK(s.folders.incoming == "/data/incoming");
    CHECK(s.folders.backup == "/other/backup");
    CHECK(s.folders.library == "/data/small");
    CHECK(s.workflow.prefix_names);
    CHECK(s.workflow.cleanup_after == 90min);
    CHECK(s.workflow.trash_kept == std::chrono::hours{24 * 90});
    CHECK(s.icloud.command == std::vector<std::string>{"python3"});
    CHECK(s.icloud.environment == std::map<std::string, std::string>{{"HTTPS_PROXY", "http://p:1"}});
    CHECK(s.icloud.recent == 7);
    CHECK(s.icloud.silence == 20s);
    CHECK(s.icloud.album == "Soon");
    CHECK(s.icloud.setup_url == "http://127.0.0.1:9/setup");
    CHECK(s.syncthing.timeout == 0s);
    CHECK(s.syncthing.pixel_device_id == "D");
    CHECK(s.pixel.batch_bytes == Bytes{1000000000});
    CHECK(s.pixel.proof == config::PixelProof::freed);
    CHECK(s.pixel.free_phone.when == config::FreePhone::When::age);
    CHECK(s.pixel.free_phone.age == 14 * 24h);
    CHECK(s.pixel.kinds == std::vector{MediaKind::photo});
    CHECK(s.archive.trash == "bin");
    CHECK_FALSE(s.processing_enabled);
    REQUIRE(s.compress.tiers.size() == 2);
    CHECK(s.compress.confine == config::Confine::required);
    CHECK(s.compress.tier_change_every == std::chrono::days{10});
    CHECK(s.compress.when_archive_is_away == config::ArchiveAway::copy);
    CHECK_FALSE(s.compress.idle);
    CHECK_FALSE(s.compress.tiers[0].minimum_saving_percent);
    CHECK(s.compress.tiers[1].minimum_saving == Bytes{9 << 10});
    CHECK(s.compress.tiers[1].minimum_saving_percent == 12);
    CHECK(s.compress.tiers[1].minimum_saving_percent_video == 30);
    CHECK(s.compress.tiers[0].name == "light");
    CHECK(s.compress.tiers[0].photo.keep);
    CHECK(s.compress.tiers[0].video.keep);  // a kind that a tier does not name is left as it is
    CHECK(s.compress.tiers[1].photo.max_megapixels == 2.5);
    CHECK(s.compress.tiers[1].video.codec == "av1");
    CHECK(s.compress.tiers[1].video.max_long_edge == 1280);
    CHECK(s.icloud_delete.approval == config::ICloudDelete::Approval::automatic);
    CHECK(s.icloud_delete.requires_google());
    CHECK_FALSE(s.icloud_delete.requires_nas());
    CHECK(s.icloud_delete.max_share_percent == 100);
    CHECK(s.schedule.of.at("nas_archive") == "every 1m");
    CHECK(s.schedule.of.at("icloud_download") == "0 2 * * *");
    CHECK(s.retry.factor == 1.5);
    CHECK(s.notify.command == std::vector<std::string>{"tell", "me"});
    CHECK(s.notify.smtp.to == "c@d");
    CHECK(s.status.listen == "[::1]:0");
    CHECK(s.log.format == "logfmt");
    CHECK(s.processes("compress") == 4);
    CHECK(s.processes("nas_archive") == 3);
    CHECK(s.processes("icloud_delete") == 1);
    REQUIRE(s.warnings.size() == 1);
    CHECK(s.warnings[0] ==
          "m.yaml:15:26: icloud_delete.enabled: only what a person puts into the album is deleted while icloud_mark.enabled is false");
}

TEST_CASE("auto is short for automatic approval", "[config]") {
    const auto s = config::parse("icloud: {username: a@example.com}\nicloud_delete: {enabled: true, approval: auto}\n", "m.yaml");
    CHECK(s.icloud_delete.approval == config::ICloudDelete::Approval::automatic);
}

TEST_CASE("what is shown reads back as the same settings", "[config]") {
    const auto text = GENERATE(
        as<std::string>{}, kUser, std::string{config::example()}, "icloud: {enabled: false}\narchive: {enabled: false}\npixel: {enabled: false}\n",
        "icloud: {username: \"a: b # c\", proxy: \"http://u:p@h:1\", environment: {TOKEN: abc, X: \" '\\\"\\\\\\t\"}, password: hunter2}\n"
        "notify: {enabled: true, webhook_url: \"https://h/secret\", command: [\"sh\", \"-c\", \"echo [x], {y}\"]}\n"
        "compress: {tiers: [{younger_than: 400d, video: {quality: 30}}, {photo: {quality: 60, max_megapixels: 0.5}}]}\n"
        "icloud_delete: {keep_days: 1}\nretry: {factor: 1.25}\n");
    const auto shown = config::show(reading(text));
    CHECK(config::show(reading(shown)) == shown);
    CHECK(shown.find("hunter2") == std::string::npos);
    CHECK(shown.find("u:p") == std::string::npos);
    CHECK(shown.find("/secret") == std::string::npos);
    CHECK(shown.find("abc") == std::string::npos);
}

TEST_CASE("JSON has numbers, booleans and text apart", "[config]") {
    const auto json = config::show_json(reading(kUser));
    CHECK(json.find(R"("batch_files": 5, "batch_bytes": "4 GiB")") != std::string::npos);
    CHECK(json.find(R"("icloud_delete": {"enabled": false, "approval": "manual")") != std::string::npos);
    CHECK(json.find(R"("require": ["nas", "google"])") != std::string::npos);
}

TEST_CASE("a harbour that is off is left out of the default requirement", "[config]") {
    CHECK(reading(kUser).icloud_delete.require == std::vector<std::string>{"nas", "google"});
    CHECK(reading(kUser + "pixel: {enabled: false}\n").icloud_delete.require == std::vector<std::string>{"nas"});
    CHECK(reading(kUser + "syncthing: {enabled: false}\nicloud_delete: {enabled: true}\n").icloud_delete.require == std::vector<std::string>{"nas"});
    CHECK(reading(kUser + "archive: {enabled: false}\n").icloud_delete.require == std::vector<std::string>{"google"});
    CHECK(reading(kUser + "archive: {enabled: false}\npixel: {enabled: false}\n").icloud_delete.require.empty());
}

TEST_CASE("a stage runs when its section and what it needs are on", "[config]") {
    const auto running = [](const std::string& text) {
        std::string names;
        const auto s = reading(text);
        for (const auto& step : stages::house())
            if (s.stage_enabled(step.stage)) names += std::string{step.stage} + " ";
        return names;
    };
    CHECK(running(kUser) == "icloud_download pixel_sync pixel_verify nas_archive processing compress icloud_mark cleanup ");
    CHECK(running(kUser + "icloud_delete: {enabled: true}\nsyncthing: {enabled: false}\n") ==
          "icloud_download nas_archive processing compress icloud_mark icloud_delete cleanup ");
    CHECK(running("icloud: {enabled: false}\npixel: {enabled: false}\narchive: {enabled: false}\n") == "processing compress cleanup ");
    CHECK(running(kUser + "processing: {enabled: false}\ncompress: {enabled: false}\nicloud_mark: {enabled: false}\ncleanup: {enabled: false}\n") ==
          "icloud_download pixel_sync pixel_verify nas_archive ");
    CHECK_FALSE(reading(kUser).stage_enabled("no_such_stage"));
}

TEST_CASE("every section takes enabled, every stage of the house a schedule", "[config]") {
    std::string text = "icloud: {username: me, enabled: true}\n";
    for (const std::string section : {"folders", "workflow", "syncthing", "pixel", "archive", "processing", "compress", "icloud_mark",
                                      "icloud_delete", "cleanup", "retry", "notify", "status", "log"})
        text += section + ": {enabled: true}\n";
    text += "schedule:\n  enabled: true\n";
    for (const auto& step : stages::house()) text += "  " + std::string{step.stage} + ": every 2h\n";
    CHECK(faults_in(text).empty());
    CHECK(reading(text).schedule.of.size() == stages::house().size());
}

TEST_CASE("with notices off nobody is left to tell", "[config]") {
    const auto s = reading(kUser + "notify: {enabled: false, webhook_url: \"https://w/x\", command: [tell]}\n");
    CHECK(s.notify.webhook_url.empty());
    CHECK(s.notify.command.empty());
}

TEST_CASE("mainland China has its own front door", "[config]") {
    CHECK(reading("icloud: {username: me, domain: cn}\n").icloud.setup_url == "https://setup.icloud.com.cn/setup/ws/1");
    CHECK(reading("icloud: {username: me, domain: cn, setup_url: \"http://here\"}\n").icloud.setup_url == "http://here");
}

TEST_CASE("an empty section is a section of defaults", "[config]") {
    CHECK(config::show(reading(kUser + "archive:\ncompress:\n")) == config::show(reading(kUser)));
}

TEST_CASE("a file that is not there is told with its name", "[config]") {
    TempDir dir;
    try {
        config::load(dir / "no.yaml");
        FAIL("loaded");
    } catch (const ConfigError& error) {
        CHECK(error.code() == "config.missing");
        CHECK(std::string{error.what()}.find((dir / "no.yaml").string()) == 0);
    }
}

TEST_CASE("one share for all tiers, as it was written before tiers had their own, still means all of them", "[config]") {
    const auto usual = reading(kUser);
    CHECK(usual.compress.tiers[2].minimum_saving_percent == 20);
    CHECK(usual.compress.tiers[2].minimum_saving_percent_video == 25);
    const auto older = reading(std::string{kUser} + "\ncompress: {minimum_saving_share: 7%}");
    for (const auto& tier : older.compress.tiers) CHECK_FALSE(tier.minimum_saving_percent);
    CHECK(older.compress.minimum_saving_percent == 7);
}
