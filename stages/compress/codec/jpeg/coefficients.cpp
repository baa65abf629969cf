// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/coefficients.h"

#include <algorithm>
#include <array>
#include <vector>

#include "stages/compress/codec/jpeg/jpeg_handles.h"
#include "stages/compress/codec/jpeg/planes.h"
#include "stages/compress/codec/jpeg/requantise.h"
#include "stages/compress/codec/jpeg/supply.h"

namespace mediaferry::stages {
namespace {

Steps steps_of(const JQUANT_TBL& table) {
    Steps steps{};
    std::copy_n(table.quantval, kBlock, steps.begin());
    return steps;
}

constexpr Steps kFinest = [] {
    Steps steps{};
    steps.fill(1);
    return steps;
}();

/// Which tiles are looked at: every fourth, as a knight goes, so that no row or column is left out; in a small picture all.
bool is_sampled(int column, int row, int tiles) { return tiles < 200 || (column + 2 * row) % 4 == 0; }

/// Sides of what a tile is painted into; the last tile of a row is up to 127 pixels wide.
constexpr std::size_t kCanvas = 2 * kTile;

int rounded_up(int number, int to) { return (number + to - 1) / to * to; }

}  // namespace

struct Coefficients::Parts {
    /// Steps at `quality` for a channel. A table that brightness and colour share takes brightness's.
    Steps after(std::size_t index, int quality) const {
        const auto& channel = channels[index];
        const bool luma = index == 0 || channel.table == channels[0].table;
        return coarser_of(channel.steps, luma ? luma_steps(quality) : chroma_steps(quality));
    }

    /// Everything but its Huffman tables.
    void describe(jpeg_compress_struct& to, const std::vector<Steps>* steps) const {
        if (decoder)
            ::jpeg_copy_critical_parameters(&decoder->info(), &to);
        else
            describe_pixels(to);
        for (std::size_t c = 0; steps && c < channels.size(); ++c)
            std::copy((*steps)[c].begin(), (*steps)[c].end(), to.quant_tbl_ptrs[channels[c].table]->quantval);
    }

    /// Huffman tables for brightness and colour, from a sample of the rows.
    struct Tables {
        std::array<JHUFF_TBL, 2> dc{}, ac{};
        bool fitted = false;
    };
    Tables fitting(const std::vector<Steps>& steps) const {
        Tables tables;
        Supply supply{channels, &steps, dead_zone};
        if (!supply.sample()) return tables;
        JpegEncoder encoder;
        auto& to = encoder.info();
        encoder.guarded([&] {
            describe(to, &steps);
            to.image_height = supply.sampled_height();
            to.optimize_coding = TRUE;
            ::jpeg_write_coefficients(&to, supply.names(to));
            ::jpeg_finish_compress(&to);
        });
        for (std::size_t i = 0; i < 2; ++i)
            if (channels.size() > i) tables.dc[i] = *to.dc_huff_tbl_ptrs[i], tables.ac[i] = *to.ac_huff_tbl_ptrs[i];
        tables.fitted = true;
        return tables;
    }

    /// A progressive file is smaller by 1 to 4 %, and costs its encoder and every reader twice the time.
    std::string encoded(const std::vector<Steps>* steps, bool progressive) const {
        const auto tables = steps && !progressive ? fitting(*steps) : Tables{};
        Supply supply{channels, steps, dead_zone};
        JpegEncoder encoder;
        auto& to = encoder.info();
        encoder.guarded([&] {
            describe(to, steps);
            to.optimize_coding = tables.fitted ? FALSE : TRUE;
            for (std::size_t i = 0; tables.fitted && i < 2 && i < channels.size(); ++i) {
                *to.dc_huff_tbl_ptrs[i] = tables.dc[i];
                *to.ac_huff_tbl_ptrs[i] = tables.ac[i];
            }
            if (progressive) ::jpeg_simple_progression(&to);
            ::jpeg_write_coefficients(&to, supply.names(to));
            ::jpeg_finish_compress(&to);
        });
        return std::string{encoder.bytes()};
    }

    /// What jpeg_copy_critical_parameters() takes from a decoder.
    void describe_pixels(jpeg_compress_struct& to) const {
        for (const auto& channel : channels) {  // the densest has one sample for each pixel
            to.image_width = std::max(to.image_width, static_cast<JDIMENSION>(channel.width));
            to.image_height = std::max(to.image_height, static_cast<JDIMENSION>(channel.height));
        }
        to.input_components = static_cast<int>(channels.size());
        to.in_color_space = channels.size() == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
        ::jpeg_set_defaults(&to);
        ::jpeg_set_quality(&to, 100, TRUE);
        for (std::size_t c = 0; c < channels.size(); ++c) {
            to.comp_info[c].h_samp_factor = channels[c].across_sampling;
            to.comp_info[c].v_samp_factor = channels[c].down_sampling;
        }
    }

    /// Paints one tile of brightness from `steps`' blocks, or through `change`, which makes them.
    void paint(const Span& across, const Span& down, const Painter& painter, const Requantiser* change, std::uint8_t* canvas) const {
        const auto& luma = channels[0];
        const auto first = static_cast<std::size_t>(across.begin) / DCTSIZE;
        const auto count = static_cast<std::size_t>(across.length + DCTSIZE - 1) / DCTSIZE;
        std::array<JCOEF, kCanvas / DCTSIZE * kBlock> changed;
        for (int y = 0; y < down.length; y += DCTSIZE) {
            const JCOEF* blocks = luma.block((down.begin + y) / DCTSIZE, first);
            if (change) (*change)(blocks, count, changed.data());
            painter(change ? changed.data() : blocks, count, canvas + static_cast<std::size_t>(y) * kCanvas, kCanvas);
        }
    }

    std::unique_ptr<JpegDecoder> decoder;  ///< what was read, unless it was pixels
    std::vector<Channel> channels;
    bool grey_or_ycc = true;
    float dead_zone = kDeadZone;
    struct Tile {
        Span across, down;
        std::vector<std::uint8_t> before;
    };
    std::vector<Tile> tiles;  ///< the sampled ones, as they look now
};

Coefficients::Coefficients(std::string_view jpeg, Generation generation) : parts_(std::make_unique<Parts>()) {
    if (generation == Generation::copy) parts_->dead_zone = kDeadZoneOfACopy;
    parts_->decoder = std::make_unique<JpegDecoder>(jpeg);
    auto& decoder = *parts_->decoder;
    auto& info = decoder.info();
    jvirt_barray_ptr* arrays = nullptr;
    decoder.guarded([&] { arrays = ::jpeg_read_coefficients(&info); });
    parts_->grey_or_ycc = info.jpeg_color_space == JCS_GRAYSCALE || info.jpeg_color_space == JCS_YCbCr;
    for (int c = 0; c < info.num_components; ++c) {
        const auto& component = info.comp_info[c];
        if (component.quant_table == nullptr) throw BadInput{"photo.broken", "it does not decode: one of its colours is in no scan"};
        Channel channel{static_cast<int>(component.downsampled_width),
                        static_cast<int>(component.downsampled_height),
                        component.h_samp_factor,
                        component.v_samp_factor,
                        component.quant_tbl_no,
                        steps_of(*component.quant_table),
                        {},
                        {}};
        channel.rows.resize(static_cast<std::size_t>(rounded_up(static_cast<int>(component.height_in_blocks), component.v_samp_factor)));
        // Once for all: libjpeg-turbo keeps the whole of an array in memory (jmemnobs.c), so that no later call moves a row.
        decoder.guarded([&] {
            for (std::size_t y = 0; y < channel.rows.size(); ++y)
                channel.rows[y] =
                    info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), arrays[c], static_cast<JDIMENSION>(y), 1, FALSE)[0];
        });
        parts_->channels.push_back(std::move(channel));
    }
}

Coefficients::Coefficients(std::vector<Picture> planes) : parts_(std::make_unique<Parts>()) {
    for (std::size_t c = 0; c < planes.size(); ++c) {
        auto& plane = planes[c];
        Channel channel{plane.size.width, plane.size.height, plane.across_sampling, plane.down_sampling, c == 0 ? 0 : 1, kFinest, {}, {}};
        const auto wide = channel.blocks() * DCTSIZE, width = static_cast<std::size_t>(plane.size.width);
        const auto rows = static_cast<std::size_t>(rounded_up(channel.block_rows(), channel.down_sampling));
        channel.own.resize(rows * channel.blocks() * kBlock);
        std::vector<std::uint8_t> lines(wide * DCTSIZE);
        for (std::size_t row = 0; row < rows; ++row) {
            auto* const blocks = channel.own.data() + row * channel.blocks() * kBlock;
            channel.rows.push_back(reinterpret_cast<JBLOCKROW>(blocks));
            for (std::size_t y = 0; y < DCTSIZE; ++y) {  // the last pixel and the last line fill up what is left of a block
                const auto line = std::min(row * DCTSIZE + y, static_cast<std::size_t>(plane.size.height) - 1);
                const auto* const from = plane.pixels.data() + line * width;
                std::copy_n(from, width, lines.data() + y * wide);
                std::fill_n(lines.data() + y * wide + width, wide - width, from[width - 1]);
            }
            to_coefficients(lines.data(), wide, channel.blocks(), blocks);
        }
        plane.pixels = {};
        parts_->channels.push_back(std::move(channel));
    }
}

Coefficients::~Coefficients() = default;

TileScores Coefficients::sampled(int quality) {
    auto& parts = *parts_;
    const auto& luma = parts.channels[0];
    const auto after = parts.after(0, quality);
    if (luma.width < 8 || luma.height < 8) return {};
    std::vector<std::uint8_t> canvas(kCanvas * kCanvas);
    if (parts.tiles.empty()) {
        const int columns = tiles_in(luma.width), rows = tiles_in(luma.height);
        const Painter painter{luma.steps};
        for (int row = 0; row < rows; ++row)
            for (int column = 0; column < columns; ++column) {
                if (!is_sampled(column, row, columns * rows)) continue;
                Parts::Tile tile{tile_at(column, luma.width), tile_at(row, luma.height), {}};
                parts.paint(tile.across, tile.down, painter, nullptr, canvas.data());
                tile.before.reserve(static_cast<std::size_t>(tile.across.length) * static_cast<std::size_t>(tile.down.length));
                for (int y = 0; y < tile.down.length; ++y) {
                    const auto line = canvas.begin() + y * static_cast<std::ptrdiff_t>(kCanvas);
                    tile.before.insert(tile.before.end(), line, line + tile.across.length);
                }
                parts.tiles.push_back(std::move(tile));
            }
    }
    const Painter painter{after};
    const Requantiser requantise{luma.steps, after, parts.dead_zone};
    TileScores scores;
    for (const auto& tile : parts.tiles) {
        parts.paint(tile.across, tile.down, painter, &requantise, canvas.data());
        scores.tiles.push_back(ssim({tile.before.data(), static_cast<std::size_t>(tile.across.length), tile.across.length, tile.down.length},
                                    {canvas.data(), kCanvas, tile.across.length, tile.down.length}));
    }
    return scores;
}

bool Coefficients::changes_at(int quality) const {
    for (std::size_t c = 0; c < parts_->channels.size(); ++c)
        if (parts_->after(c, quality) != parts_->channels[c].steps) return true;
    return false;
}

bool Coefficients::is_grey_or_ycc() const { return parts_->grey_or_ycc; }

std::string Coefficients::repacked() const { return parts_->encoded(nullptr, true); }

std::string Coefficients::requantised(int quality) const {
    std::vector<Steps> steps;
    for (std::size_t c = 0; c < parts_->channels.size(); ++c) steps.push_back(parts_->after(c, quality));
    return parts_->encoded(&steps, false);
}

Likeness Coefficients::likeness_of(std::string_view jpeg) const {
    Planes planes{jpeg};
    const auto& channels = parts_->channels;
    const auto count = static_cast<std::size_t>(planes.count());
    bool same = count == channels.size();
    for (std::size_t c = 0; same && c < count; ++c) {
        const auto& plane = planes.plane(static_cast<int>(c));
        same = plane.width == channels[c].width && plane.height == channels[c].height && plane.rows == channels[c].down_sampling * DCTSIZE;
    }
    if (!same) throw TransientError{"photo.check", "the small copy has other dimensions than intended"};
    LikenessMeter meter{channels[0].width, channels[0].height};
    std::vector<std::uint8_t> band;
    for (int number = 0; planes.more(); ++number) {
        planes.next_band();
        for (std::size_t c = 0; c < count; ++c) {
            const auto& channel = channels[c];
            const auto& plane = planes.plane(static_cast<int>(c));
            const Painter painter{channel.steps};
            const auto wide = channel.blocks() * DCTSIZE;
            band.resize(wide * static_cast<std::size_t>(plane.rows));
            for (int row = 0; row < channel.down_sampling; ++row)
                painter(channel.block(number * channel.down_sampling + row, 0), channel.blocks(),
                        band.data() + static_cast<std::size_t>(row) * DCTSIZE * wide, wide);
            for (int y = 0; y < std::min(plane.rows, plane.height - number * plane.rows); ++y) {
                const auto* const line = band.data() + static_cast<std::size_t>(y) * wide;
                if (c == 0)
                    meter.add_luma(line, plane.line(y));
                else
                    meter.add_chroma(line, plane.line(y), plane.width);
            }
        }
    }
    planes.finish();
    return meter.result();
}

std::string jpeg_library() {
#define MEDIAFERRY_TEXT_OF(number) MEDIAFERRY_TEXT(number)
#define MEDIAFERRY_TEXT(number) #number
    return "libjpeg-turbo " MEDIAFERRY_TEXT_OF(LIBJPEG_TURBO_VERSION);
#undef MEDIAFERRY_TEXT
#undef MEDIAFERRY_TEXT_OF
}

}  // namespace mediaferry::stages
