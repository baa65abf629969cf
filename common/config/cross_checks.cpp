// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/cross_checks.h"

#include <algorithm>
#include <array>

#include "common/config/values.h"

namespace mediaferry::config {

namespace {

/// The key that switches a harbour off; "" when it is on.
std::string switched_off_by(const Settings& s, std::string_view harbour) {
    if (harbour == "nas") return s.archive.enabled ? "" : "archive.enabled";
    if (!s.pixel.enabled) return "pixel.enabled";
    return s.syncthing.enabled ? "" : "syncthing.enabled";
}

bool lies_in(const fs::path& inner, const fs::path& outer) { return (inner.string() + "/").starts_with(outer.string() + "/"); }

void check_folders(const Settings& s, Faults& faults) {
    std::vector<std::pair<std::string, fs::path>> all{
        {"folders.incoming", s.folders.incoming}, {"folders.backup", s.folders.backup},   {"folders.pixel_sync", s.folders.pixel_sync},
        {"folders.compress", s.folders.compress}, {"folders.library", s.folders.library}, {"folders.delete_pending", s.folders.delete_pending},
        {"folders.trash", s.folders.trash}};
    if (s.archive.enabled && !is_share(s.archive.root.string())) all.emplace_back("archive.root", s.archive.root.lexically_normal());
    for (auto one = all.begin(); one != all.end(); ++one) {
        for (auto other = all.begin(); other != one; ++other) {
            std::string what;
            if (one->second == other->second)
                what = "is the same folder as " + other->first + ", " + other->second.string();
            else if (lies_in(one->second, other->second))
                what = "lies inside " + other->first + ", " + other->second.string();
            else if (lies_in(other->second, one->second))
                what = "has " + other->first + ", " + other->second.string() + ", inside it";
            if (!what.empty()) faults.add(faults.position_of(one->first), one->first, what + " (write a folder of its own)");
        }
    }
}

/// Over a share nothing can be flushed (common/smb): time is what a copy there is proven by.
void check_share(const Archive& archive, Faults& faults) {
    constexpr seconds kLeastSettle = std::chrono::minutes{10};
    if (!archive.enabled || !is_share(archive.root.string())) return;
    if (archive.user.empty())
        faults.add(faults.position_of("archive.user"), "archive.user",
                   "is missing (write the name that the share " + archive.root.string() + " knows)");
    if (!archive.password.present && archive.password.source.empty())
        faults.add(faults.position_of("archive.password"), "archive.password",
                   "is missing (write password_file: and the file that holds it, or give the credential archive_password)");
    if (archive.settle < kLeastSettle)
        faults.add(faults.position_of("archive.settle"), "archive.settle",
                   duration_to_text(archive.settle) + " is too short for a share: the server may still hold a new file in its memory alone (write " +
                       duration_to_text(kLeastSettle) + " or more, better 24h)");
}

void check_icloud(const ICloud& icloud, Faults& faults) {
    if (!icloud.enabled) return;
    if (icloud.username.empty())
        faults.add(faults.position_of("icloud.username"), "icloud.username",
                   "is missing (write your Apple ID, such as you@example.com, or icloud: {enabled: false})");
    const Position at = faults.position_of("icloud.command");
    if (icloud.command.empty()) faults.add(at, "icloud.command", "is empty (write [icloudpd])");
    for (const auto& word : icloud.command)
        if (word == "-p" || word == "--password" || word.starts_with("--password="))
            faults.add(at, "icloud.command", "an argument gives the password, which every user of this machine can then read (write password_file)");
}

void check_tiers(const std::vector<Tier>& tiers, Faults& faults) {
    if (tiers.empty())
        faults.add(faults.position_of("compress.tiers"), "compress.tiers",
                   "is empty (remove it for the defaults, or write compress: {enabled: false})");
    const Tier* younger = nullptr;
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        const Tier& tier = tiers[i];
        const std::string key = "compress.tiers[" + std::to_string(i) + "]";
        const auto add = [&](const std::string& which, const std::string& what) { faults.add(faults.position_of(key + which), key + which, what); };
        if (!tier.younger_than && i + 1 < tiers.size())
            add("", "has no younger_than, so the tiers after it are never reached (write younger_than, or move it to the end)");
        if (tier.younger_than && i + 1 == tiers.size()) add(".younger_than", "what is older has no tier (remove younger_than from the last tier)");
        if (tier.younger_than && younger != nullptr && *tier.younger_than <= *younger->younger_than)
            add(".younger_than", duration_to_text(*tier.younger_than) + " is not more than " + duration_to_text(*younger->younger_than) +
                                     " of the tier before (write the tiers from young to old)");
        if (tier.younger_than) younger = &tier;
        if (tier.photo.lossless && tier.photo.max_megapixels)
            add(".photo.max_megapixels", "takes pixels away, and lossless is to keep them all (remove one of the two)");
        if (!tier.video.keep && tier.video.codec != "av1" && tier.video.quality > 51)
            add(".video.quality", "is out of range for " + tier.video.codec + " (write 1 to 51)");
        if (tier.video.min_crf && tier.video.max_crf && *tier.video.min_crf > *tier.video.max_crf)
            add(".video.min_crf", "is larger than max_crf (less is better quality: write the smaller number)");
    }
}

void check_deletion(const Settings& s, Faults& faults) {
    const std::string key = "icloud_delete.require";
    for (const auto& harbour : s.icloud_delete.require) {
        const auto off = switched_off_by(s, harbour);
        if (!off.empty())
            faults.add(faults.position_of(key), key,
                       harbour + " cannot be required while " + off + " is false (take " + harbour + " out, or write " + off + ": true)");
    }
    if (!s.icloud_delete.enabled) return;
    if (s.icloud_delete.require.empty() && faults.mentions(key))
        faults.add(faults.position_of(key), key, "is empty: without any harbour nothing is ever deleted (write [nas], [google] or [nas, google])");
    else if (s.icloud_delete.require.empty())
        faults.add(faults.position_of("icloud_delete.enabled"), "icloud_delete.enabled",
                   "without any harbour nothing is ever deleted: archive.enabled and " + switched_off_by(s, "google") +
                       " are false (write icloud_delete: {enabled: false})");
    if (!s.icloud.enabled)
        faults.warn(faults.position_of("icloud_delete.enabled"), "icloud_delete.enabled", "has no effect while icloud.enabled is false");
    if (!s.icloud_mark_enabled)
        faults.warn(faults.position_of("icloud_delete.enabled"), "icloud_delete.enabled",
                    "only what a person puts into the album is deleted while icloud_mark.enabled is false");
}

}  // namespace

void settle_defaults(Settings& s, const Faults& faults) {
    auto& folders = s.folders;
    for (auto* folder :
         {&folders.incoming, &folders.backup, &folders.pixel_sync, &folders.compress, &folders.library, &folders.delete_pending, &folders.trash})
        *folder = (folder->is_absolute() ? *folder : folders.root / *folder).lexically_normal();
    if (s.icloud.domain == "cn" && !faults.mentions("icloud.setup_url")) s.icloud.setup_url = "https://setup.icloud.com.cn/setup/ws/1";
    if (!faults.mentions("icloud_delete.require"))
        std::erase_if(s.icloud_delete.require, [&](const auto& harbour) { return !switched_off_by(s, harbour).empty(); });
    if (!s.notify.enabled) s.notify = Notify{.enabled = false};
    // Who wrote one share for all tiers, before tiers had their own, still means all of them.
    if (faults.mentions("compress.minimum_saving_share") && !faults.mentions("compress.tiers"))
        for (auto& tier : s.compress.tiers) tier.minimum_saving_percent = tier.minimum_saving_percent_video = std::nullopt;
    constexpr std::array<std::string_view, 3> kNames{"light", "medium", "heavy"};
    for (std::size_t i = 0; i < s.compress.tiers.size(); ++i)
        s.compress.tiers[i].name = i < kNames.size() ? std::string{kNames[i]} : "tier " + std::to_string(i + 1);
}

void cross_check(const Settings& s, Faults& faults) {
    check_folders(s, faults);
    check_share(s.archive, faults);
    check_icloud(s.icloud, faults);
    check_tiers(s.compress.tiers, faults);
    check_deletion(s, faults);
    if (s.retry.max < s.retry.first)
        faults.add(faults.position_of("retry.max"), "retry.max",
                   "is shorter than retry.first (write " + duration_to_text(s.retry.first) + " or more)");
    const auto& smtp = s.notify.smtp;
    for (const auto& [key, value] : {std::pair{"notify.smtp.from", &smtp.from}, std::pair{"notify.smtp.to", &smtp.to}})
        if (!smtp.url.empty() && value->empty()) faults.add(faults.position_of(key), key, "is missing (write a mail address)");
}

}  // namespace mediaferry::config
