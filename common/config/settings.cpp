// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/settings.h"

#include <algorithm>
#include <thread>

#include "common/config/cross_checks.h"
#include "common/config/keys.h"
#include "common/config/listing.h"
#include "common/config/section.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::embedded {
extern const std::string_view example_text;
}

namespace mediaferry::config {

namespace {

Settings defaults() {
    Settings s;
    s.folders = {"/srv/media", "incoming", "backup", "pixel_sync", "compress", "library", "delete_pending", "trash"};
    s.compress.tiers = default_tiers();
    s.schedule.of = default_schedule();
    return s;
}

Value root_of(const std::string& text, Faults& faults) {
    try {
        Value root = read_document(text);
        if (root.kind != Value::Kind::scalar && root.kind != Value::Kind::list) return root;
        faults.add(root.at, "yaml", "the file is no map of sections (write icloud: and its keys below it)");
    } catch (const NotYaml& error) {
        faults.add(error.at, "yaml", error.text);
    }
    faults.throw_if_any();
    return {};
}

/// Addresses that let in whoever knows them, and users and passwords within addresses.
void keep_from_the_log(const Settings& s) {
    for (const auto& url : {s.notify.webhook_url, s.notify.healthchecks_url, s.notify.ntfy_url})
        if (!url.empty()) log::redact(url);
    std::vector<std::string> urls{s.icloud.proxy, s.icloud.setup_url, s.syncthing.api_url, s.notify.smtp.url};
    for (const auto& [name, value] : s.icloud.environment) urls.push_back(value);
    for (const auto& url : urls)
        if (const auto user = user_of(url); !user.empty()) log::redact(std::string{user});
}

Value listed(Settings settings) {
    Listing listing;
    every_key(listing, settings);
    return listing.take();
}

}  // namespace

bool ICloudDelete::requires_nas() const { return std::ranges::find(require, "nas") != require.end(); }
bool ICloudDelete::requires_google() const { return std::ranges::find(require, "google") != require.end(); }

bool Settings::stage_enabled(std::string_view stage) const {
    if (stage == "icloud_download") return icloud.enabled;
    if (stage == "pixel_sync" || stage == "pixel_verify") return pixel.enabled && syncthing.enabled;
    if (stage == "nas_archive") return archive.enabled;
    if (stage == "processing") return processing_enabled;
    if (stage == "compress") return compress.enabled;
    if (stage == "icloud_mark") return icloud_mark_enabled && icloud.enabled;
    if (stage == "icloud_delete") return icloud_delete.enabled && icloud.enabled;
    return stage == "cleanup" && cleanup_enabled;
}

int Settings::processes(std::string_view stage) const {
    if (stage == "nas_archive") return archive.processes;
    if (stage != "compress") return 1;
    return compress.processes > 0 ? compress.processes : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

fs::path Settings::state_directory() const { return database.parent_path() / "state"; }

std::vector<Tier> default_tiers() {
    using std::chrono::hours;
    constexpr seconds kYear = hours{24 * 365};
    Tier light{"light", kYear, {}, {}};
    light.photo.lossless = true;
    light.video.keep = true;
    light.photo.png = "keep";
    Tier medium{"medium", 3 * kYear, {}, {}};
    medium.video.floor = 0.985;
    medium.minimum_saving_percent = 15;
    Tier heavy{"heavy", {}, {false, 88, 12.0, false, 0.95, 50}, {false, "hevc", 28, 1920, "fast"}};
    heavy.minimum_saving_percent = 20;
    heavy.minimum_saving_percent_video = 25;
    heavy.video.floor = 0.975;
    heavy.video.efficient_saving_percent = 30;
    return {light, medium, heavy};
}

std::string rules_of(const Tier& tier, std::string_view kind) {
    Tier copy = tier;
    Listing listing;
    tier_keys(listing, copy);
    const Value all = listing.take();
    for (const auto& entry : all.entries)
        if (entry.key == kind) return to_json(entry.value);
    return "";
}

std::map<std::string, std::string> default_schedule() {
    return {{"icloud_download", "0 2 * * *"}, {"pixel_sync", "every 10m"},    {"pixel_verify", "every 10m"},
            {"nas_archive", "every 10m"},     {"processing", "every 10m"},    {"compress", "every 10m"},
            {"icloud_mark", "every 1h"},      {"icloud_delete", "0 4 * * *"}, {"cleanup", "0 5 * * *"}};
}

Settings parse(const std::string& text, const fs::path& name) {
    Settings s = defaults();
    s.file = name;
    Faults faults{name};
    SecretFinder secrets{name, faults};
    const Value root = root_of(text, faults);
    Section top{root, "", faults, secrets};
    every_key(top, s);
    top.finish();
    settle_defaults(s, faults);
    cross_check(s, faults);
    faults.throw_if_any();
    s.warnings = faults.warnings();
    keep_from_the_log(s);
    return s;
}

Settings load(const fs::path& file) {
    std::string text;
    try {
        text = files::read_small_file(file);
    } catch (const Error& error) {
        if (error.code() == "file.missing")
            throw ConfigError{"config.missing",
                              file.string() + ": there is no such file (make it with: mediaferry config init --config " + file.string() + ")"};
        throw ConfigError{"config.unreadable", file.string() + ": cannot be read: " + error.what()};
    }
    return parse(text, file);
}

std::string_view example() { return embedded::example_text; }

std::string show(const Settings& settings) { return to_yaml(listed(settings)); }
std::string show_json(const Settings& settings) { return to_json(listed(settings)) + "\n"; }

}  // namespace mediaferry::config
