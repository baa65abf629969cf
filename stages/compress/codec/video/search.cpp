// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace mediaferry::stages {
namespace {

constexpr int kMostProbes = 4;
constexpr double kAim = 0.95;        // of the loss that the floor allows: samples are not the whole clip
constexpr double kNearEnough = 0.8;  // a try that uses this much of it needs no better one

double loss(double ssim) { return std::max(1e-6, 1 - ssim); }

double on_grid(double crf, const CrfScale& scale) { return std::clamp(std::floor(crf / scale.step) * scale.step, scale.least, scale.most); }

/// What the tries so far say of the slope around them.
double slope_of(const std::map<double, double>& losses, const CrfScale& scale) {
    if (losses.size() < 2) return scale.slope;
    const auto& [first, low] = *losses.begin();
    const auto& [last, high] = *losses.rbegin();
    const double slope = std::log(high / low) / (last - first);
    return std::clamp(slope, scale.slope / 4, scale.slope * 3);  // noise may say anything
}

}  // namespace

CrfScale scale_of(const config::VideoTier& tier) {
    CrfScale scale;
    if (tier.codec == "av1") scale = {18, 55, 1, 0.055};
    if (tier.codec == "h264") scale = {14, 32, 0.5, 0.13};
    if (tier.min_crf) scale.least = *tier.min_crf;
    if (tier.max_crf) scale.most = *tier.max_crf;
    scale.most = std::max(scale.least, scale.most);
    return scale;
}

Chosen find_crf(double floor, double start, const CrfScale& scale, const std::function<double(double crf)>& ssim_p5_at) {
    const double allowed = loss(floor) * kAim;
    std::map<double, double> losses;
    std::optional<double> good, bad;  // the largest CRF that is good enough, the smallest that is not
    double crf = on_grid(start, scale);
    while (static_cast<int>(losses.size()) < kMostProbes && !losses.contains(crf)) {
        losses[crf] = loss(ssim_p5_at(crf));
        (losses[crf] <= allowed ? good : bad) = crf;
        if (losses[crf] <= allowed && losses[crf] >= allowed * kNearEnough) break;
        // From the try nearest to the aim, along the slope; never outside of what is known to be good and bad.
        const auto nearest = std::ranges::min_element(losses, {}, [&](const auto& one) { return std::abs(std::log(one.second / allowed)); });
        crf = on_grid(nearest->first + std::log(allowed * 0.97 / nearest->second) / slope_of(losses, scale), scale);
        if (good) crf = std::max(crf, *good);
        if (bad) crf = std::min(crf, std::max(scale.least, on_grid(*bad - scale.step, scale)));
    }
    Chosen chosen;
    chosen.probes = static_cast<int>(losses.size());
    chosen.slope = slope_of(losses, scale);
    chosen.crf = good ? *good : losses.begin()->first;
    chosen.ssim_p5 = 1 - losses.at(chosen.crf);
    chosen.reaches = losses.at(chosen.crf) <= loss(floor);
    if (!chosen.reaches && chosen.crf > scale.least) {
        // All tries were too coarse. What the slope promises is tried on the clip itself: it is checked there in any case.
        const double promised = chosen.crf + std::log(allowed * 0.9 / losses.at(chosen.crf)) / chosen.slope;
        chosen.reaches = promised >= scale.least;
        chosen.crf = on_grid(std::min(promised, chosen.crf - scale.step), scale);
    }
    return chosen;
}

double better_crf(double crf, double ssim_p5, double floor, double slope, const CrfScale& scale) {
    const double wanted = crf + std::log(loss(floor) * 0.9 / loss(ssim_p5)) / slope;
    return on_grid(std::min(wanted, crf - std::max(1.0, scale.step)), scale);
}

}  // namespace mediaferry::stages
