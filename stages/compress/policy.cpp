// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/policy.h"

#include "common/files/files.h"

namespace mediaferry::stages {
namespace {

// Raised when the codec programs come to other bytes from the same words: every small copy of that kind is then one of an older policy.
constexpr int kPhotoWay = 4;
constexpr int kVideoWay = 5;

}  // namespace

bool LeastSaving::met(Bytes before, Bytes after) const {
    if (after >= before) return false;
    const auto saved = before.count - after.count;
    return saved >= bytes.count && saved * 100 >= before.count * static_cast<std::uint64_t>(percent);
}

LeastSaving least_saving(const config::Compress& settings, const config::Tier& tier, MediaKind kind) {
    LeastSaving least{tier.minimum_saving.value_or(settings.minimum_saving), tier.minimum_saving_percent.value_or(settings.minimum_saving_percent)};
    if (kind == MediaKind::video) least.percent = tier.minimum_saving_percent_video.value_or(least.percent);
    return least;
}

std::string policy_text(const config::Compress& settings, const config::Tier& tier, const media_db::MediaItem& item) {
    const bool video = item.kind == MediaKind::video;
    const bool movie_of_a_pair = item.resource == ResourceKind::live_movie;
    if ((!video && item.kind != MediaKind::photo) || movie_of_a_pair) return std::string{kWhole};
    if (video ? tier.video.keep : tier.photo.keep) return std::string{kWhole};
    const auto least = least_saving(settings, tier, item.kind);
    return (video ? "video " + std::to_string(kVideoWay) : "photo " + std::to_string(kPhotoWay)) + ": " + config::rules_of(tier, to_text(item.kind)) +
           ", saves " + std::to_string(least.bytes.count) + " B and " + std::to_string(least.percent) + "%";
}

std::string policy_of(const config::Compress& settings, const config::Tier& tier, const media_db::MediaItem& item) {
    return to_hex(files::digest_bytes(policy_text(settings, tier, item)).sha256).substr(0, 16);
}

}  // namespace mediaferry::stages
