// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/planes.h"

namespace mediaferry::stages {

Planes::Planes(std::string_view jpeg, unsigned eighths) : decoder_(jpeg) {
    auto& info = decoder_.info();
    count_ = info.num_components;
    if (count_ > static_cast<int>(planes_.size())) throw BadInput{"photo.broken", "more components than a photo has"};
    info.raw_data_out = TRUE;
    info.out_color_space = info.jpeg_color_space;
    info.do_fancy_upsampling = FALSE;
    info.scale_num = eighths;
    info.scale_denom = 8;
    decoder_.guarded([&] { ::jpeg_start_decompress(&info); });
    const auto unit = static_cast<JDIMENSION>(info.max_h_samp_factor) * DCTSIZE;
    const auto units = (info.image_width + unit - 1) / unit;
    for (int c = 0; c < count_; ++c) {
        auto& plane = planes_[static_cast<std::size_t>(c)];
        const auto& component = info.comp_info[c];
        plane.width = static_cast<int>(component.downsampled_width);
        plane.height = static_cast<int>(component.downsampled_height);
        plane.rows = component.v_samp_factor * component.DCT_scaled_size;
        plane.stride = units * static_cast<std::size_t>(component.h_samp_factor) * static_cast<std::size_t>(component.DCT_scaled_size);
        plane.across_sampling = component.h_samp_factor;
        plane.down_sampling = component.v_samp_factor;
        plane.pixels.resize(plane.stride * static_cast<std::size_t>(plane.rows));
    }
}

bool Planes::more() { return decoder_.info().output_scanline < decoder_.info().output_height; }

void Planes::next_band() {
    std::array<std::array<JSAMPROW, MAX_SAMP_FACTOR * 16>, 3> lines;  // a scaled block has at most 16 lines
    std::array<JSAMPARRAY, 3> image{};
    for (std::size_t c = 0; c < static_cast<std::size_t>(count_); ++c) {
        auto& plane = planes_[c];
        for (std::size_t y = 0; y < static_cast<std::size_t>(plane.rows); ++y) lines[c][y] = plane.pixels.data() + y * plane.stride;
        image[c] = lines[c].data();
    }
    auto& info = decoder_.info();
    const auto band = static_cast<JDIMENSION>(info.max_v_samp_factor * info.min_DCT_scaled_size);
    decoder_.guarded([&] { ::jpeg_read_raw_data(&info, image.data(), band); });
}

void Planes::finish() {
    decoder_.guarded([&] { ::jpeg_finish_decompress(&decoder_.info()); });
}

bool Planes::is_grey_or_ycc() {
    const auto space = decoder_.info().jpeg_color_space;
    return space == JCS_GRAYSCALE || space == JCS_YCbCr;
}

}  // namespace mediaferry::stages
