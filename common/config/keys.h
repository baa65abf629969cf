#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Every key of the config file, once: `Keys` is a Section, which reads the file, or a Listing, which shows what is in force.
// A key is added here and in settings.h and config/mediaferry.yaml; a test compares the three.

#include <array>

#include "common/config/settings.h"
#include "common/config/syntax.h"
#include "common/config/values.h"

namespace mediaferry::config {

/// The stages of stages/house, which this folder may not include; a test compares them.
inline constexpr std::array<std::string_view, 9> kStages{"icloud_download", "pixel_sync",  "pixel_verify",  "nas_archive", "processing",
                                                         "compress",        "icloud_mark", "icloud_delete", "cleanup"};

template <class Keys>
void folder_keys(Keys& in, Folders& folders) {
    in.always_on("remove the line");
    in.value("root", folders.root, syntax::absolute_path());
    in.value("incoming", folders.incoming, syntax::folder());
    in.value("backup", folders.backup, syntax::folder());
    in.value("pixel_sync", folders.pixel_sync, syntax::folder());
    in.value("compress", folders.compress, syntax::folder());
    in.value("library", folders.library, syntax::folder());
    in.value("delete_pending", folders.delete_pending, syntax::folder());
    in.value("trash", folders.trash, syntax::folder());
}

template <class Keys>
void icloud_keys(Keys& in, ICloud& icloud) {
    in.value("enabled", icloud.enabled, syntax::flag());
    in.value("username", icloud.username, syntax::any());
    in.secret("password", icloud.password, "icloud_password");
    in.list("command", icloud.command, syntax::filled("the program and its arguments"));
    in.words("environment", icloud.environment);
    in.value("cookie_directory", icloud.cookie_directory, syntax::absolute_path());
    in.value("domain", icloud.domain, syntax::word({"com", "cn"}));
    in.value("setup_url", icloud.setup_url, syntax::url());
    in.value("proxy", icloud.proxy, syntax::proxy());
    in.value("ca_file", icloud.ca_file, syntax::absolute_path_or_none());
    in.value("folder_structure", icloud.folder_structure, syntax::filled("what icloudpd takes, such as \"{:%Y/%m}\" or none"));
    in.value("album", icloud.album, syntax::filled("the name of an album"));
    in.value("recent", icloud.recent, syntax::whole(0, 1000000000));
    in.value("silence", icloud.silence, syntax::duration(seconds{1}, "15m"));
}

template <class Keys>
void syncthing_keys(Keys& in, Syncthing& syncthing) {
    in.value("enabled", syncthing.enabled, syntax::flag());
    in.value("api_url", syncthing.api_url, syntax::url());
    in.secret("api_key", syncthing.api_key, "syncthing_api_key");
    in.value("pixel_folder_id", syncthing.pixel_folder_id, syntax::filled("the folder's ID as Syncthing shows it"));
    in.value("pixel_device_id", syncthing.pixel_device_id, syntax::any());
    in.value("ca_file", syncthing.ca_file, syntax::absolute_path_or_none());
    in.value("timeout", syncthing.timeout, syntax::duration(seconds{0}, "300s"));
}

template <class Keys>
void pixel_keys(Keys& in, Pixel& pixel) {
    in.value("enabled", pixel.enabled, syntax::flag());
    in.value("batch_files", pixel.batch_files, syntax::whole(1, 1000000));
    in.value("batch_bytes", pixel.batch_bytes, syntax::size(Bytes{1}, "4 GiB"));
    in.value("proof", pixel.proof, syntax::proof());
    in.value("dwell", pixel.dwell, syntax::duration(seconds{0}, "48h"));
    in.value("free_phone", pixel.free_phone, syntax::free_phone());
    in.list("kinds", pixel.kinds, syntax::media_kind());
}

template <class Keys>
void archive_keys(Keys& in, Archive& archive) {
    in.value("enabled", archive.enabled, syntax::flag());
    in.value("root", archive.root, syntax::archive_root());
    in.value("user", archive.user, syntax::any());
    in.secret("password", archive.password, "archive_password");
    in.value("domain", archive.domain, syntax::any());
    in.value("encryption", archive.encryption, syntax::encryption());
    in.value("layout", archive.layout,
             syntax::checked(layout_is_valid,
                             "is no layout (write a relative path with {filename} last, of {year}, {month}, {day}, {kind} and {account})"));
    in.value("processes", archive.processes, syntax::whole(1, 64));
    in.value("settle", archive.settle, syntax::duration(seconds{0}, "24h"));
    in.value("trash", archive.trash,
             syntax::checked(
                 [](std::string_view name) { return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos; },
                 "is not a folder's name (write one name, such as _Trash)"));
}

template <class Keys>
void compare_keys(Keys& in, Compare& compare) {
    in.always_on("remove the line");
    in.value("local", compare.local, syntax::absolute_path_or_none());
    in.value("depth", compare.depth, syntax::whole(0, 64));
    in.maps("rules", compare.rules, [](Keys& keys, Compare::Rules& rules) {
        keys.value("name", rules.name, syntax::filled("a name, such as images"));
        keys.list("include", rules.include, syntax::filled("a part of a path, or a pattern with * and ?"));
        keys.list("exclude", rules.exclude, syntax::filled("a part of a path, or a pattern with * and ?"));
    });
    in.maps("classes", compare.classes, [](Keys& keys, Compare::FileClass& one) {
        keys.value("name", one.name, syntax::filled("a name, such as flats"));
        keys.list("paths", one.paths, syntax::filled("a part of a path, or a pattern with * and ?"));
    });
    in.list("leave_out", compare.leave_out, syntax::filled("the name of a class"));
    in.list("transit", compare.transit, syntax::filled("a part of a folder's path, or a pattern with * and ?"));
}

template <class Keys>
void tier_keys(Keys& in, Tier& tier) {
    in.optional("younger_than", tier.younger_than, syntax::duration(seconds{1}, "1y"));
    in.kept_or("photo", tier.photo.keep, [&](Keys& photo) {
        photo.value("lossless", tier.photo.lossless, syntax::flag());
        photo.value("floor", tier.photo.floor, syntax::number(0.5, 0.9999));
        photo.value("min_quality", tier.photo.min_quality, syntax::whole(1, 100));
        photo.value("quality", tier.photo.quality, syntax::whole(1, 100));
        photo.optional("max_megapixels", tier.photo.max_megapixels, syntax::number(0.01, 1000));
        photo.value("png", tier.photo.png, syntax::word({"keep", "optimise"}));
        photo.value("jpeg_xl", tier.photo.jpeg_xl, syntax::flag());
        photo.value("heic", tier.photo.heic, syntax::word({"keep", "reduce"}));
    });
    in.kept_or("video", tier.video.keep, [&](Keys& video) {
        video.value("codec", tier.video.codec, syntax::word({"hevc", "av1", "h264"}));
        video.value("quality", tier.video.quality, syntax::whole(1, 63));
        video.optional("max_long_edge", tier.video.max_long_edge, syntax::whole(16, 16384));
        video.value("preset", tier.video.preset, syntax::filled("an encoder preset, such as fast"));
        video.value("floor", tier.video.floor, syntax::number(0, 0.9999));
        video.optional("min_crf", tier.video.min_crf, syntax::whole(1, 63));
        video.optional("max_crf", tier.video.max_crf, syntax::whole(1, 63));
        video.value("efficient_saving", tier.video.efficient_saving_percent, syntax::percent());
        video.value("dolby_vision", tier.video.dolby_vision, syntax::word({"keep", "base_layer"}));
    });
    in.optional("minimum_saving", tier.minimum_saving, syntax::size(Bytes{0}, "64 KiB"));
    in.optional("minimum_saving_share", tier.minimum_saving_percent, syntax::percent());
    in.optional("minimum_saving_share_video", tier.minimum_saving_percent_video, syntax::percent());
}

template <class Keys>
void compress_keys(Keys& in, Compress& compress) {
    in.value("enabled", compress.enabled, syntax::flag());
    in.value("processes", compress.processes, syntax::whole(0, 256));
    in.maps("tiers", compress.tiers, tier_keys<Keys>);
    in.value("tier_change_every", compress.tier_change_every, syntax::duration(seconds{0}, "90d"));
    in.value("when_archive_is_away", compress.when_archive_is_away, syntax::archive_away());
    in.value("idle", compress.idle, syntax::flag());
    in.value("minimum_saving", compress.minimum_saving, syntax::size(Bytes{0}, "64 KiB"));
    in.value("minimum_saving_share", compress.minimum_saving_percent, syntax::percent());
    in.value("deadline", compress.deadline, syntax::duration(seconds{1}, "2h"));
    in.value("memory", compress.memory, syntax::size(Bytes{64 << 20}, "3 GiB"));
    in.value("confine", compress.confine, syntax::confine());
}

template <class Keys>
void icloud_delete_keys(Keys& in, ICloudDelete& icloud_delete) {
    in.value("enabled", icloud_delete.enabled, syntax::flag());
    in.value("approval", icloud_delete.approval, syntax::approval());
    in.value("keep_days", icloud_delete.keep_days, syntax::whole(0, 36500));
    in.list("require", icloud_delete.require, syntax::word({"nas", "google"}));
    in.value("google_proof", icloud_delete.google_proof, syntax::proof());
    in.value("fresh_within", icloud_delete.fresh_within, syntax::duration(seconds{1}, "7d"));
    in.value("max_per_run", icloud_delete.max_per_run, syntax::whole(1, 1000000));
    in.value("max_share", icloud_delete.max_share_percent, syntax::percent());
}

template <class Keys>
void schedule_keys(Keys& in, Schedule& schedule) {
    in.always_on("write enabled: false in the sections of single stages, or stop the daemon");
    for (const auto stage : kStages)
        in.value(stage, schedule.of[std::string{stage}],
                 syntax::checked(schedule_is_valid, "is no schedule (write five cron fields, such as \"0 2 * * *\", or every 10m)"));
    in.list("windows", schedule.windows, syntax::checked(window_is_valid, "is no time of day (write \"22:00-06:00\", in quotes)"));
}

template <class Keys>
void retry_keys(Keys& in, Backoff& retry) {
    in.always_on("write attempts: 1");
    in.value("first", retry.first, syntax::duration(seconds{0}, "1m"));
    in.value("factor", retry.factor, syntax::number(1, 100));
    in.value("max", retry.max, syntax::duration(seconds{0}, "6h"));
    in.value("attempts", retry.attempts, syntax::whole(1, 1000));
}

template <class Keys>
void notify_keys(Keys& in, Notify& notify) {
    in.value("enabled", notify.enabled, syntax::flag());
    in.value("ntfy_url", notify.ntfy_url, syntax::private_url());
    in.secret("ntfy_token", notify.ntfy_token, "ntfy_token");
    in.value("webhook_url", notify.webhook_url, syntax::private_url());
    in.section("smtp", [&](Keys& smtp) {
        smtp.value("url", notify.smtp.url, syntax::mail_server());
        smtp.value("from", notify.smtp.from, syntax::any());
        smtp.value("to", notify.smtp.to, syntax::any());
        smtp.value("username", notify.smtp.username, syntax::any());
        smtp.secret("password", notify.smtp.password, "smtp_password");
    });
    in.list("command", notify.command, syntax::filled("the program and its arguments"));
    in.value("healthchecks_url", notify.healthchecks_url, syntax::private_url());
}

template <class Keys>
void every_key(Keys& in, Settings& s) {
    in.value("database", s.database, syntax::absolute_path());
    in.section("folders", [&](Keys& keys) { folder_keys(keys, s.folders); });
    in.section("workflow", [&](Keys& keys) {
        keys.always_on("remove the line");
        keys.value("prefix_names", s.workflow.prefix_names, syntax::flag());
        keys.value("cleanup_after", s.workflow.cleanup_after, syntax::duration(seconds{0}, "24h"));
        // Whoever moves something there by mistake must have the time to notice.
        keys.value("trash_kept", s.workflow.trash_kept, syntax::duration(std::chrono::hours{24}, "30d"));
    });
    in.section("icloud", [&](Keys& keys) { icloud_keys(keys, s.icloud); });
    in.section("syncthing", [&](Keys& keys) { syncthing_keys(keys, s.syncthing); });
    in.section("pixel", [&](Keys& keys) { pixel_keys(keys, s.pixel); });
    in.section("archive", [&](Keys& keys) { archive_keys(keys, s.archive); });
    in.section("compare", [&](Keys& keys) { compare_keys(keys, s.compare); });
    in.section("processing", [&](Keys& keys) { keys.value("enabled", s.processing_enabled, syntax::flag()); });
    in.section("compress", [&](Keys& keys) { compress_keys(keys, s.compress); });
    in.section("icloud_mark", [&](Keys& keys) { keys.value("enabled", s.icloud_mark_enabled, syntax::flag()); });
    in.section("icloud_delete", [&](Keys& keys) { icloud_delete_keys(keys, s.icloud_delete); });
    in.section("cleanup", [&](Keys& keys) { keys.value("enabled", s.cleanup_enabled, syntax::flag()); });
    in.section("exchange", [&](Keys& keys) {
        keys.value("enabled", s.exchange.enabled, syntax::flag());
        keys.list("remote_sources", s.exchange.remote_sources, syntax::filled("the folder's ID as Syncthing shows it"));
        keys.value("every", s.exchange.every, syntax::duration(seconds{1}, "10m"));
    });
    in.section("schedule", [&](Keys& keys) { schedule_keys(keys, s.schedule); });
    in.section("retry", [&](Keys& keys) { retry_keys(keys, s.retry); });
    in.section("notify", [&](Keys& keys) { notify_keys(keys, s.notify); });
    in.section("status", [&](Keys& keys) {
        keys.value("enabled", s.status.enabled, syntax::flag());
        keys.value("listen", s.status.listen,
                   syntax::checked(listen_is_valid, "is no address to listen on (write host:port, such as 127.0.0.1:8787)"));
    });
    in.section("log", [&](Keys& keys) {
        keys.always_on("write level: error");
        keys.value("level", s.log.level, syntax::word({"debug", "info", "warning", "error"}));
        keys.value("format", s.log.format, syntax::word({"auto", "journald", "logfmt"}));
    });
}

}  // namespace mediaferry::config
