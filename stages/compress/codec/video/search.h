#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The largest CRF whose pictures are still good enough. Pure: what is tried is asked of the caller.

#include <functional>

#include "common/config/settings.h"

namespace mediaferry::stages {

struct CrfScale {
    double least = 16, most = 34;  ///< bounds
    double step = 0.5;             ///< finest difference that the encoder takes
    double slope = 0.11;           ///< how ln(1 - SSIM) grows by CRF, before anything is known of the clip
};

/// Of the tier's codec, within the tier's bounds.
CrfScale scale_of(const config::VideoTier&);

struct Chosen {
    double crf = 0;
    double ssim_p5 = 0;    ///< of the try with this CRF, or what is expected of it
    int probes = 0;        ///< tries
    bool reaches = false;  ///< false: not even the best quality allowed reaches the floor
    double slope = 0;      ///< as found; for another step from a result that is known
};

/// `ssim_p5_at` encodes samples with a CRF and says their 5th percentile. It is asked three times at most; a CRF that is not far from one tried is
/// taken without being tried.
Chosen find_crf(double floor, double start, const CrfScale&, const std::function<double(double crf)>& ssim_p5_at);

/// The next CRF for a finished copy that only reached `ssim_p5`: at least one step better.
double better_crf(double crf, double ssim_p5, double floor, double slope, const CrfScale&);

}  // namespace mediaferry::stages
