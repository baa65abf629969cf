// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/coefficients.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "stages/compress/codec/photo/jpeg_handles.h"
#include "stages/compress/codec/photo/requantise.h"

namespace mediaferry::stages {
namespace {

static_assert(sizeof(JCOEF) == sizeof(std::int16_t) && DCTSIZE2 == kBlock);

Steps steps_of(const JQUANT_TBL& table) {
    Steps steps{};
    std::copy_n(table.quantval, kBlock, steps.begin());
    return steps;
}

/// Which tiles are looked at: every fourth, as a knight goes, so that no row or column is left out; in a small picture all.
bool is_sampled(int column, int row, int tiles) { return tiles < 200 || (column + 2 * row) % 4 == 0; }

/// Sides of what a tile is painted into; the last tile of a row is up to 127 pixels wide.
constexpr std::size_t kCanvas = 2 * kTile;

}  // namespace

struct Coefficients::Parts {
    explicit Parts(std::string_view jpeg) : decoder(jpeg) {
        decoder.guarded([&] { blocks = ::jpeg_read_coefficients(&decoder.info()); });
    }

    jpeg_component_info& component(int index) { return decoder.info().comp_info[index]; }

    JBLOCKROW row(int component_index, int number) {
        auto& info = decoder.info();
        JBLOCKARRAY rows = nullptr;
        decoder.guarded([&] {
            rows = info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), blocks[component_index], static_cast<JDIMENSION>(number), 1,
                                                TRUE);
        });
        return rows[0];
    }

    /// The steps at `quality` for a component. A table that brightness and colour share takes brightness's.
    Steps after(int index, int quality) {
        const auto& one = component(index);
        const bool shared = one.quant_tbl_no == component(0).quant_tbl_no;
        return coarser_of(steps_of(*one.quant_table), index == 0 || shared ? luma_steps(quality) : chroma_steps(quality));
    }

    /// A progressive file is smaller by 1 to 4 %, and costs its encoder and every reader twice the time.
    std::string encoded(bool progressive) {
        auto& from = decoder.info();
        JpegEncoder encoder;
        auto& to = encoder.info();
        encoder.guarded([&] {
            ::jpeg_copy_critical_parameters(&from, &to);
            to.optimize_coding = TRUE;
            if (progressive) ::jpeg_simple_progression(&to);
            ::jpeg_write_coefficients(&to, blocks);
            ::jpeg_finish_compress(&to);
        });
        decoder.guarded([&] { ::jpeg_finish_decompress(&from); });
        return std::string{encoder.bytes()};
    }

    /// Paints one tile of brightness through `change`, which gets a copy of each block.
    template <class Change>
    void paint(const Span& across, const Span& down, const Painter& painter, const Change& change, std::uint8_t* canvas) {
        const auto& luma = component(0);
        for (int y = 0; y < down.length; y += 8) {
            const int line = (down.begin + y) / 8;
            if (line >= static_cast<int>(luma.height_in_blocks)) break;
            const JBLOCKROW from = row(0, line);
            for (int x = 0; x < across.length; x += 8) {
                std::int16_t block[kBlock];
                std::memcpy(block, from[(across.begin + x) / 8], sizeof block);
                change(block);
                painter(block, canvas + static_cast<std::size_t>(y) * kCanvas + static_cast<std::size_t>(x), kCanvas);
            }
        }
    }

    JpegDecoder decoder;
    jvirt_barray_ptr* blocks = nullptr;
    struct Tile {
        Span across, down;
        std::vector<std::uint8_t> before;
    };
    std::vector<Tile> tiles;  ///< the sampled ones, as they look now
};

Coefficients::Coefficients(std::string_view jpeg) : parts_(std::make_unique<Parts>(jpeg)) {}
Coefficients::~Coefficients() = default;

TileScores Coefficients::sampled(int quality) {
    auto& parts = *parts_;
    const auto& luma = parts.component(0);
    const auto before = steps_of(*luma.quant_table), after = parts.after(0, quality);
    const int width = static_cast<int>(luma.downsampled_width), height = static_cast<int>(luma.downsampled_height);
    if (width < 8 || height < 8) return {};
    if (parts.tiles.empty()) {
        const int columns = tiles_in(width), rows = tiles_in(height);
        const Painter painter{before};
        std::vector<std::uint8_t> canvas(kCanvas * kCanvas);
        for (int row = 0; row < rows; ++row)
            for (int column = 0; column < columns; ++column) {
                if (!is_sampled(column, row, columns * rows)) continue;
                Parts::Tile tile{tile_at(column, width), tile_at(row, height), {}};
                parts.paint(
                    tile.across, tile.down, painter, [](std::int16_t*) {}, canvas.data());
                for (int y = 0; y < tile.down.length; ++y)
                    tile.before.insert(tile.before.end(), canvas.begin() + y * static_cast<std::ptrdiff_t>(kCanvas),
                                       canvas.begin() + y * static_cast<std::ptrdiff_t>(kCanvas) + tile.across.length);
                parts.tiles.push_back(std::move(tile));
            }
    }
    const Painter painter{after};
    const Requantiser requantise{before, after};
    std::vector<std::uint8_t> canvas(kCanvas * kCanvas);
    TileScores scores;
    for (const auto& tile : parts.tiles) {
        parts.paint(tile.across, tile.down, painter, requantise, canvas.data());
        scores.tiles.push_back(ssim({tile.before.data(), static_cast<std::size_t>(tile.across.length), tile.across.length, tile.down.length},
                                    {canvas.data(), kCanvas, tile.across.length, tile.down.length}));
    }
    return scores;
}

bool Coefficients::changes_at(int quality) const {
    for (int c = 0; c < parts_->decoder.info().num_components; ++c)
        if (parts_->after(c, quality) != steps_of(*parts_->component(c).quant_table)) return true;
    return false;
}

bool Coefficients::is_grey_or_ycc() const {
    const auto space = parts_->decoder.info().jpeg_color_space;
    return space == JCS_GRAYSCALE || space == JCS_YCbCr;
}

std::string Coefficients::repacked() { return parts_->encoded(true); }

std::string Coefficients::requantised(int quality) {
    auto& parts = *parts_;
    auto& from = parts.decoder.info();
    parts.tiles.clear();
    std::vector<Steps> before, after;
    for (int c = 0; c < from.num_components; ++c) {
        before.push_back(steps_of(*parts.component(c).quant_table));
        after.push_back(parts.after(c, quality));
    }
    for (int c = 0; c < from.num_components; ++c) {
        const auto& component = parts.component(c);
        const auto index = static_cast<std::size_t>(c);
        std::copy(after[index].begin(), after[index].end(), component.quant_table->quantval);
        // The encoder takes its tables from here.
        std::copy(after[index].begin(), after[index].end(), from.quant_tbl_ptrs[component.quant_tbl_no]->quantval);
        if (before[index] == after[index]) continue;
        const Requantiser requantise{before[index], after[index]};
        for (int y = 0; y < static_cast<int>(component.height_in_blocks); ++y) {
            const JBLOCKROW line = parts.row(c, y);
            for (JDIMENSION x = 0; x < component.width_in_blocks; ++x) requantise(line[x]);
        }
    }
    return parts.encoded(false);
}

std::string jpeg_library() {
#define MEDIAFERRY_TEXT_OF(number) MEDIAFERRY_TEXT(number)
#define MEDIAFERRY_TEXT(number) #number
    return "libjpeg-turbo " MEDIAFERRY_TEXT_OF(LIBJPEG_TURBO_VERSION);
#undef MEDIAFERRY_TEXT
#undef MEDIAFERRY_TEXT_OF
}

}  // namespace mediaferry::stages
