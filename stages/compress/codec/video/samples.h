#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Short pieces of a clip, encoded, decoded again and compared: what a CRF would do to the whole of it, for a fraction of its cost.

#include "stages/compress/codec/video/suited.h"

namespace mediaferry::stages {

struct Span {
    double from = 0, length = 0;  ///< seconds
};

/// Up to three pieces of two seconds, spread over the clip, together an eighth of a short clip but each of `shortest` seconds at least. Pure.
std::vector<Span> spans_of(double seconds, double shortest = 0.6);

struct Probe {
    std::vector<double> ssims;  ///< one a picture
    std::uint64_t bytes = 0;    ///< of the encoded pieces
    double seconds = 0;         ///< that the pieces last
};

/// The pieces of `clip` with one CRF. They begin with key pictures, one after the other through one encoder, which is gone before
/// anything is compared.
Probe probe(av::Clip& clip, const std::vector<Span>&, const Look&, const config::VideoTier&, double crf);

}  // namespace mediaferry::stages
