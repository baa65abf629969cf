#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures to try codecs on: painted from integer hashes in linear light, then seen through a lens, a sensor and a phone's processing, so that they
// have what photos have: texture at every scale, soft and hard edges, noise (facts/compression.md B). The same numbers give the same bytes.

#include <cstdint>
#include <string>
#include <vector>

namespace mediaferry::test {

enum class Scene { leaves = 0, landscape = 1, portrait = 2, night = 3, town = 4, foliage = 5 };

struct Painting {
    int width = 0, height = 0;
    std::vector<std::uint8_t> rgb;
};

Painting paint(std::uint32_t seed, Scene, int width, int height);
/// As a PPM file.
std::string to_ppm(const Painting&);

}  // namespace mediaferry::test
