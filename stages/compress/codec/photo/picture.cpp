// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/picture.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vips/vips8>

namespace mediaferry::stages {
namespace {

using vips::VImage;

constexpr double kSlack = 1.05;

double megapixels_of(Size size) { return static_cast<double>(size.width) * size.height / 1e6; }

}  // namespace

int scaled(int length, unsigned eighths) { return (length * static_cast<int>(eighths) + 7) / 8; }

Size reduced_size(int width, int height, double megapixels) {
    for (const auto eighths : {4U, 2U, 1U}) {
        const Size plain{scaled(width, eighths), scaled(height, eighths)};
        if (megapixels_of(plain) <= megapixels * kSlack && megapixels_of(plain) > megapixels * 0.9) return plain;
    }
    const double factor = std::sqrt(megapixels * 1e6 / (static_cast<double>(width) * height));
    return {std::max(1, static_cast<int>(std::lround(width * factor))), std::max(1, static_cast<int>(std::lround(height * factor)))};
}

void reduce(Picture& picture, Size to) {
    if (picture.size.width == to.width && picture.size.height == to.height) return;
    const auto image =
        VImage::new_from_memory(picture.pixels.data(), picture.pixels.size(), picture.size.width, picture.size.height, 1, VIPS_FORMAT_UCHAR);
    const auto small = image.resize(static_cast<double>(to.width) / picture.size.width,
                                    VImage::option()->set("vscale", static_cast<double>(to.height) / picture.size.height));
    if (small.width() != to.width || small.height() != to.height) throw std::logic_error("a reduced plane has other dimensions than asked for");
    std::size_t size = 0;
    const std::unique_ptr<void, void (*)(void*)> bytes{small.write_to_memory(&size), [](void* memory) { g_free(memory); }};
    const auto* first = static_cast<const std::uint8_t*>(bytes.get());
    picture.pixels.assign(first, first + size);
    picture.size = to;
}

}  // namespace mediaferry::stages
