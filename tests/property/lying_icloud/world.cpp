// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/world.h"

#include <cstdlib>

#include "common/archive/archive.h"
#include "common/icloud/session.h"
#include "daemon/stage_module.h"
#include "stages/house.h"

namespace mediaferry::lying {

using namespace std::chrono_literals;

namespace {

constexpr auto kIcloudpd = R"(#!/bin/sh
# STANDS IN FOR ICLOUDPD: copies what lies in $BRING to --directory unless it is there.
while [ "$1" != --directory ]; do shift; done
echo "2025-01-01 00:00:00 INFO     Downloading 3 original photos and videos to $2 ..."
cd "$BRING" && cp -rn . "$2"
echo "2025-01-01 00:00:00 INFO     All photos and videos have been downloaded"
)";

}  // namespace

World::World(Port& port, const Sequence& sequence)
    : port_(port),
      sequence_(sequence),
      draw_(sequence.seed ^ 0x5eed),
      phone_(house_.settings.folders.pixel_sync, house_.clock),
      judge_(house_.settings, apple_, phone_, house_.clock) {
    furnish(port);
    apple_.strict_tags = sequence.strict_tags;
    apple_.on_deed = [this](const Deed& deed) {
        judge_.deletion(deed);
        verdict_.story.push_back("    iCloud deletes " + deed.asset.name);
    };
    apple_.change = [this](std::uint32_t which) { change(which); };
    apple_.unfile = [this](std::uint32_t which) {
        for (auto& one : apple_.library.albums)
            if (!one.members.empty()) one.members.erase(std::next(one.members.begin(), which % static_cast<std::uint32_t>(one.members.size())));
    };
    for (int i = 0; i < sequence.assets; ++i) add_asset();
    port.listen([this](const Asked& asked) {
        if (stop_in_ > 0 && --stop_in_ == 0) house_.stop = true;
        return apple_.answer(asked);
    });
}

World::~World() { port_.listen({}); }

void World::furnish(const Port& port) {
    auto& settings = house_.settings;
    settings.icloud.proxy = port.proxy();
    settings.icloud.ca_file = port.ca();
    settings.icloud.username = "jdoe@example.com";
    settings.icloud.password = {true, "correct horse battery", "a test"};
    const auto script = test::write(house_.dir / "icloudpd", kIcloudpd);
    settings.icloud.command = {"/bin/sh", script.string()};
    fs::create_directories(house_.dir / "bring");
    settings.icloud.environment = {{"BRING", (house_.dir / "bring").string()}};
    settings.syncthing.api_url = phone_.url();
    settings.syncthing.api_key = {true, "a key", "a test"};
    settings.syncthing.timeout = 0s;
    fs::create_directories(settings.folders.pixel_sync / ".stfolder");
    settings.pixel.batch_files = 1000;
    settings.compress.tiers = config::default_tiers();
    for (auto& tier : settings.compress.tiers) tier.photo.keep = tier.video.keep = !sequence_.codecs;
    auto& rules = settings.icloud_delete;
    rules.require = sequence_.google ? std::vector<std::string>{"nas", "google"} : std::vector<std::string>{"nas"};
    rules.google_proof = sequence_.freed ? config::PixelProof::freed : config::PixelProof::dwelt;
    rules.approval = sequence_.manual ? config::ICloudDelete::Approval::manual : config::ICloudDelete::Approval::automatic;
    rules.keep_days = sequence_.keep_days;
    rules.max_per_run = sequence_.max_per_run;
    rules.max_share_percent = sequence_.max_share;
    rules.fresh_within = sequence_.nas_is_touched ? 0s : std::chrono::seconds{7 * 24h};
    archive::Archive::initialise(settings.archive, house_.clock.now());
    session();
}

/// icloudpd's two files, as a sign-in would have left them.
void World::session() {
    const auto& icloud = house_.settings.icloud;
    const auto name = icloud::session_name(icloud.username);
    test::write(
        icloud.cookie_directory / name,
        "#LWP-Cookies-2.0\nSet-Cookie3: X-APPLE-WEBAUTH-TOKEN=\"\\\"v=2:t=seeded\\\"\"; path=\"/\"; domain=\".icloud.com\"; path_spec; domain_dot; "
        "secure; expires=\"2099-12-31 00:00:00Z\"; HttpOnly=None; version=0\n");
    test::write(icloud.cookie_directory / (name + ".session"),
                R"({"client_id":"auth-1","account_country":"USA","session_id":"S","scnt":"s","session_token":"st","trust_token":"tt"})");
}

int World::run(std::string_view stage) {
    apple_.stage = stage;
    judge_.run_begins();
    if (stage == "icloud_download") {
        apple_.counted.reset();
        apple_.listed.clear();
    }
    house_.stop = false;
    const auto room = daemon::load_stage(stage, house_.settings);
    const auto result = house_.run(*room, stage);
    apple_.stage.clear();
    ++verdict_.stage_runs;
    verdict_.story.push_back("  " + std::string{stage} + ": " + std::to_string(result.exit_code) + (result.reason ? " " + result.reason->code : ""));
    judge_.look_at_nas();
    if (stage == "icloud_download") after_download(result.exit_code);
    if (stage == "icloud_delete")
        if (const auto plan = media_db::Plans(house_.db()).open_plan("proposed"); plan && (plans_.empty() || plans_.back() != plan->id))
            plans_.push_back(plan->id);
    return result.exit_code;
}

void World::after_download(int exit_code) {
    if (exit_code > 1 || !apple_.counted) return;  // it may have ended before the census was whole: the earlier one stands
    const auto listed = static_cast<std::int64_t>(apple_.listed.size());
    judge_.census_short = *apple_.counted > listed;
    judge_.census_numbers = std::to_string(listed) + " of " + std::to_string(*apple_.counted);
}

void World::round() {
    for (const auto& step : stages::house()) {
        run(step.stage);
        if (!judge_.violations.empty()) return;
    }
}

Verdict World::play() {
    for (const auto& step : sequence_.steps) {
        verdict_.story.push_back(step.what + " " + std::to_string(step.which) + " " + std::to_string(step.much));
        happen(step);
        judge_.look_at_nas();
        if (!judge_.violations.empty()) break;
    }
    if (judge_.violations.empty()) heal();
    verdict_.violations = judge_.violations;
    verdict_.deletions = judge_.deletions;
    return verdict_;
}

void World::happen(const Step& step) {
    if (step.what == "round") return round();
    if (step.what.starts_with("stage:")) return static_cast<void>(run(step.what.substr(6)));
    if (step.what == "wait") return house_.clock.advance(std::chrono::seconds{step.much});
    if (step.what == "jump") {
        house_.clock.advance(std::chrono::seconds{step.which == 0 ? static_cast<std::int64_t>(step.much) : -static_cast<std::int64_t>(step.much)});
        if (step.which != 0) {
            judge_.clock_went_back();
            phone_.clock_went_back();
        }
        return;
    }
    if (!cloud(step) && !person(step) && !places(step)) throw std::logic_error("no such step: " + step.what);
}

// ---- the end --------------------------------------------------------------------------------------------------------------

/// Everybody tells the truth again and every place is there. A few rounds, and every photo is where it belongs, or says why not.
void World::heal() {
    apple_.lies.clear();
    phone_.connected = true;
    if (judge_.nas_is_away) places({"nas_away", 0, 0});
    person({"make_album", 0, 0});
    fs::remove_all(house_.dir / "bring");
    fs::create_directories(house_.dir / "bring");
    for (int i = 0; i < 4 && judge_.violations.empty(); ++i) {
        verdict_.story.push_back("healed, round " + std::to_string(i));
        house_.clock.advance(60h);
        round();
        phone_.free_up_space();
        approve(false);
    }
    if (judge_.violations.empty()) nothing_is_stuck();
    if (judge_.violations.empty()) nothing_is_done_twice();
    if (judge_.violations.empty()) nothing_is_lost();
    if (judge_.violations.empty()) books_are_whole();
}

}  // namespace mediaferry::lying
