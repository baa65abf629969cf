// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/jpeg_resize.h"

#include <algorithm>
#include <vector>

#include "stages/compress/codec/photo/planes.h"

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

/// One band's lines of each plane, padded to whole blocks by repeating the last pixel and the last line.
class Bands {
public:
    explicit Bands(const std::vector<Picture>& pictures, std::size_t units) : pictures_(pictures) {
        for (const auto& picture : pictures) {
            const auto stride = units * static_cast<std::size_t>(picture.across_sampling) * DCTSIZE;
            lines_.emplace_back(static_cast<std::size_t>(picture.down_sampling) * DCTSIZE, std::vector<std::uint8_t>(stride));
            rows_.emplace_back();
            for (auto& line : lines_.back()) rows_.back().push_back(line.data());
            image_.push_back(rows_.back().data());
        }
    }

    JSAMPIMAGE band(int number) {
        for (std::size_t c = 0; c < pictures_.size(); ++c) {
            const auto& picture = pictures_[c];
            const int rows = static_cast<int>(lines_[c].size());
            for (int y = 0; y < rows; ++y) {
                auto& line = lines_[c][static_cast<std::size_t>(y)];
                const auto from =
                    static_cast<std::size_t>(std::min(number * rows + y, picture.size.height - 1)) * static_cast<std::size_t>(picture.size.width);
                const auto width = std::min(static_cast<std::size_t>(picture.size.width), line.size());
                std::copy_n(picture.pixels.begin() + static_cast<std::ptrdiff_t>(from), width, line.begin());
                std::fill(line.begin() + static_cast<std::ptrdiff_t>(width), line.end(), line[width - 1]);
            }
        }
        return image_.data();
    }

private:
    const std::vector<Picture>& pictures_;
    std::vector<std::vector<std::vector<std::uint8_t>>> lines_;
    std::vector<std::vector<JSAMPROW>> rows_;
    std::vector<JSAMPARRAY> image_;
};

std::string encoded(const std::vector<Picture>& pictures, Size size) {
    JpegEncoder encoder;
    auto& info = encoder.info();
    int most_across = 1, most_down = 1;
    for (const auto& picture : pictures) {
        most_across = std::max(most_across, picture.across_sampling);
        most_down = std::max(most_down, picture.down_sampling);
    }
    const auto unit = static_cast<std::size_t>(most_across) * DCTSIZE;
    Bands bands{pictures, (static_cast<std::size_t>(size.width) + unit - 1) / unit};
    encoder.guarded([&] {
        info.image_width = static_cast<JDIMENSION>(size.width);
        info.image_height = static_cast<JDIMENSION>(size.height);
        info.input_components = static_cast<int>(pictures.size());
        info.in_color_space = pictures.size() == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
        ::jpeg_set_defaults(&info);
        ::jpeg_set_quality(&info, 100, TRUE);
        info.raw_data_in = TRUE;
        for (std::size_t c = 0; c < pictures.size(); ++c) {
            info.comp_info[c].h_samp_factor = pictures[c].across_sampling;
            info.comp_info[c].v_samp_factor = pictures[c].down_sampling;
        }
        ::jpeg_start_compress(&info, TRUE);
    });
    for (int band = 0; info.next_scanline < info.image_height; ++band) {
        const auto image = bands.band(band);
        encoder.guarded([&] { ::jpeg_write_raw_data(&info, image, static_cast<JDIMENSION>(most_down) * DCTSIZE); });
    }
    encoder.guarded([&] { ::jpeg_finish_compress(&info); });
    return std::string{encoder.bytes()};
}

}  // namespace

std::string reduced_jpeg(std::string_view jpeg, double megapixels) {
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
    for (auto& picture : pictures)
        reduce(picture, {(size.width * picture.across_sampling + most_across - 1) / most_across,
                         (size.height * picture.down_sampling + most_down - 1) / most_down});
    return encoded(pictures, size);
}

}  // namespace mediaferry::stages
