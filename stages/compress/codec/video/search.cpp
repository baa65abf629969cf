// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace mediaferry::stages {
namespace {

constexpr int kMostProbes = 3;
constexpr double kAim = 0.9;        // of the loss that the floor allows: samples are not the whole clip
constexpr double kCaution = 1.1;    // a step to a finer CRF is so much longer than the slope says, one to a coarser so much shorter
constexpr double kUsual = 0.1;      // what may lie between the loss of one try and the aim (ln): its slope is that of other clips
constexpr double kMeasured = 0.25;  // of two tries, which say their own

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
    Chosen chosen;
    const auto nearest = [&] {
        return *std::ranges::min_element(losses, {}, [&](const auto& one) { return std::abs(std::log(one.second / allowed)); });
    };
    double crf = on_grid(start, scale);
    while (static_cast<int>(losses.size()) < kMostProbes && !losses.contains(crf)) {
        losses[crf] = loss(ssim_p5_at(crf));
        (losses[crf] <= allowed ? good : bad) = crf;
        chosen.slope = slope_of(losses, scale);
        // From the try nearest to the aim, along the slope; never outside of what is known to be good and bad.
        const auto [from, lost] = nearest();
        const double left = std::log(allowed / lost);
        crf = on_grid(from + left / chosen.slope * (left < 0 ? kCaution : 1 / kCaution), scale);
        if (good) crf = std::max(crf, *good);
        if (bad) crf = std::min(crf, std::max(scale.least, on_grid(*bad - scale.step, scale)));
        if (std::abs(left) <= (losses.size() > 1 ? kMeasured : kUsual)) break;
    }
    // What the slope promises is taken without a try: the finished copy is held against the floor in any case.
    const auto [from, lost] = nearest();
    const auto tried = losses.find(crf);
    chosen.probes = static_cast<int>(losses.size());
    chosen.crf = crf;
    const double expected = tried != losses.end() ? tried->second : lost * std::exp(chosen.slope * (crf - from));
    chosen.ssim_p5 = 1 - expected;
    chosen.reaches = expected <= loss(floor);
    return chosen;
}

double better_crf(double crf, double ssim_p5, double floor, double slope, const CrfScale& scale) {
    const double wanted = crf + std::log(loss(floor) * 0.9 / loss(ssim_p5)) / slope;
    return on_grid(std::min(wanted, crf - std::max(1.0, scale.step)), scale);
}

}  // namespace mediaferry::stages
