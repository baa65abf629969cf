// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/jpeg_resize.h"

#include <algorithm>

#include "stages/compress/codec/jpeg/planes.h"

namespace mediaferry::stages {
namespace {

constexpr unsigned kFastScales[] = {1, 2, 4};  // eighths that libjpeg-turbo has vector code for

/// The smallest fast scale that is not below the wanted size.
unsigned scale_for(int width, int height, Size wanted) {
    for (const auto eighths : kFastScales)
        if (scaled(width, eighths) >= wanted.width && scaled(height, eighths) >= wanted.height) return eighths;
    return 8;
}

std::vector<Picture> decoded(std::string_view jpeg, unsigned eighths) {
    Planes planes{jpeg, eighths};
    std::vector<Picture> pictures;
    for (int c = 0; c < planes.count(); ++c) {
        const auto& plane = planes.plane(c);
        pictures.push_back({{plane.width, plane.height}, plane.across_sampling, plane.down_sampling, {}});
        pictures.back().pixels.reserve(static_cast<std::size_t>(plane.width) * static_cast<std::size_t>(plane.height));
    }
    for (int band = 0; planes.more(); ++band) {
        planes.next_band();
        for (int c = 0; c < planes.count(); ++c) {
            const auto& plane = planes.plane(c);
            auto& pixels = pictures[static_cast<std::size_t>(c)].pixels;
            for (int y = 0; y < std::min(plane.rows, plane.height - band * plane.rows); ++y)
                pixels.insert(pixels.end(), plane.line(y), plane.line(y) + plane.width);
        }
    }
    planes.finish();
    return pictures;
}

}  // namespace

std::vector<Picture> reduced_planes(std::string_view jpeg, double megapixels, const Reducer& reducer) {
    int width = 0, height = 0;
    {
        JpegDecoder header{jpeg};
        width = static_cast<int>(header.info().image_width);
        height = static_cast<int>(header.info().image_height);
    }
    const auto size = reduced_size(width, height, megapixels);
    auto pictures = decoded(jpeg, scale_for(width, height, size));
    int most_across = 1, most_down = 1;
    for (const auto& picture : pictures) {
        most_across = std::max(most_across, picture.across_sampling);
        most_down = std::max(most_down, picture.down_sampling);
    }
    for (auto& picture : pictures) {
        const Size wanted{(size.width * picture.across_sampling + most_across - 1) / most_across,
                          (size.height * picture.down_sampling + most_down - 1) / most_down};
        // libjpeg brings halved chroma to luma's size where scaling the coefficients comes to that.
        if (scaled(picture.size, 4) == wanted) halve(picture);
        if (picture.size != wanted) reducer.reduce(picture, wanted);
    }
    return pictures;
}

}  // namespace mediaferry::stages
