// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/reduce.h"

#include <memory>
#include <stdexcept>
#include <vips/vips8>

namespace mediaferry::stages {

void reduce(Picture& picture, Size to) {
    if (picture.size.width == to.width && picture.size.height == to.height) return;
    const auto image =
        vips::VImage::new_from_memory(picture.pixels.data(), picture.pixels.size(), picture.size.width, picture.size.height, 1, VIPS_FORMAT_UCHAR);
    const auto small = image.resize(static_cast<double>(to.width) / picture.size.width,
                                    vips::VImage::option()->set("vscale", static_cast<double>(to.height) / picture.size.height));
    if (small.width() != to.width || small.height() != to.height) throw std::logic_error("a reduced plane has other dimensions than asked for");
    std::size_t size = 0;
    const std::unique_ptr<void, void (*)(void*)> bytes{small.write_to_memory(&size), [](void* memory) { g_free(memory); }};
    const auto* first = static_cast<const std::uint8_t*>(bytes.get());
    picture.pixels.assign(first, first + size);
    picture.size = to;
}

std::string reducing_library() { return std::string("libvips ") + vips_version_string(); }

}  // namespace mediaferry::stages
