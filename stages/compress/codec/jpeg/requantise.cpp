// SPDX-License-Identifier: GPL-3.0-or-later
// Built with full optimisation in every kind of build: it looks at each block of each photo.
#include "stages/compress/codec/jpeg/requantise.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "stages/compress/codec/jpeg/wide.h"

namespace mediaferry::stages {
namespace {

constexpr Steps kLuma{16, 11,  10,  16, 24, 40, 51, 61, 12,  12,  14,  19,  26, 58, 60, 55,  14,  13,  16,  24, 40, 57,
                      69, 56,  14,  17, 22, 29, 51, 87, 80,  62,  18,  22,  37, 56, 68, 109, 103, 77,  24,  35, 55, 64,
                      81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98,  112, 100, 103, 99};
constexpr Steps kChroma{17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
                        99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

/// Annex K spends little on fine detail, and at equal likeness of the worst tiles more bytes than a flatter table: its steps' distances from the
/// first one are drawn together to this power. On the photo corpus 0.3 to 0.4 gave 10 % fewer bytes than 1, 0.5 gave 8 %, 0 no more than 0.3 and less
/// on foliage.
constexpr double kFlatness = 0.35;

std::array<double, kBlock> flatter(const Steps& table) {
    std::array<double, kBlock> flat{};
    for (std::size_t i = 0; i < kBlock; ++i) flat[i] = table[0] * std::pow(static_cast<double>(table[i]) / table[0], kFlatness);
    return flat;
}

template <class Table>
Steps scaled(const Table& table, int quality) {
    quality = std::clamp(quality, 1, 100);
    const int percent = quality < 50 ? 5000 / quality : 200 - quality * 2;
    Steps steps{};
    for (std::size_t i = 0; i < kBlock; ++i)
        steps[i] = static_cast<std::uint16_t>(std::clamp((static_cast<int>(table[i] * percent) + 50) / 100, 1, 255));
    return steps;
}

using Square = float[8][8];

// One direction of the inverse DCT of Arai, Agui and Nakajima, on eight columns at once.
MEDIAFERRY_INLINE void to_pixels(const Square& in, Square& out) {
    for (int i = 0; i < 8; ++i) {
        const float e10 = in[0][i] + in[4][i], e11 = in[0][i] - in[4][i], e13 = in[2][i] + in[6][i];
        const float e12 = (in[2][i] - in[6][i]) * 1.414213562F - e13;
        const float e0 = e10 + e13, e3 = e10 - e13, e1 = e11 + e12, e2 = e11 - e12;
        const float z13 = in[5][i] + in[3][i], z10 = in[5][i] - in[3][i], z11 = in[1][i] + in[7][i], z12 = in[1][i] - in[7][i];
        const float o7 = z11 + z13, o11 = (z11 - z13) * 1.414213562F, z5 = (z10 + z12) * 1.847759065F;
        const float o10 = z5 - z12 * 1.082392200F, o12 = z5 - z10 * 2.613125930F;
        const float o6 = o12 - o7, o5 = o11 - o6, o4 = o10 - o5;
        out[0][i] = e0 + o7;
        out[7][i] = e0 - o7;
        out[1][i] = e1 + o6;
        out[6][i] = e1 - o6;
        out[2][i] = e2 + o5;
        out[5][i] = e2 - o5;
        out[3][i] = e3 + o4;
        out[4][i] = e3 - o4;
    }
}

// And of theirs the other way round.
MEDIAFERRY_INLINE void to_frequencies(const Square& in, Square& out) {
    for (int i = 0; i < 8; ++i) {
        const float s0 = in[0][i] + in[7][i], d0 = in[0][i] - in[7][i], s1 = in[1][i] + in[6][i], d1 = in[1][i] - in[6][i];
        const float s2 = in[2][i] + in[5][i], d2 = in[2][i] - in[5][i], s3 = in[3][i] + in[4][i], d3 = in[3][i] - in[4][i];
        const float e0 = s0 + s3, e3 = s0 - s3, e1 = s1 + s2, e2 = s1 - s2, z1 = (e2 + e3) * 0.707106781F;
        out[0][i] = e0 + e1;
        out[4][i] = e0 - e1;
        out[2][i] = e3 + z1;
        out[6][i] = e3 - z1;
        const float o0 = d3 + d2, o1 = d2 + d1, o2 = d1 + d0, z5 = (o0 - o2) * 0.382683433F;
        const float z2 = 0.541196100F * o0 + z5, z4 = 1.306562965F * o2 + z5, z3 = o1 * 0.707106781F;
        const float z11 = d0 + z3, z13 = d0 - z3;
        out[5][i] = z13 + z2;
        out[3][i] = z13 - z2;
        out[1][i] = z11 + z4;
        out[7][i] = z11 - z4;
    }
}

/// By quarters, of four vectors each: what every processor of 64 bits has.
MEDIAFERRY_INLINE void transpose(const Square& in, Square& out) {
    using Four [[gnu::vector_size(16)]] = float;
    for (int y = 0; y < 8; y += 4)
        for (int x = 0; x < 8; x += 4) {
            Four row[4], pair[4], column[4];
            for (int i = 0; i < 4; ++i) std::memcpy(&row[i], &in[y + i][x], sizeof(Four));
            for (int i = 0; i < 2; ++i) {
                pair[i] = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 0, 4, 1, 5);
                pair[i + 2] = __builtin_shufflevector(row[2 * i], row[2 * i + 1], 2, 6, 3, 7);
            }
            for (int i = 0; i < 2; ++i) {
                column[2 * i] = __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 0, 1, 4, 5);
                column[2 * i + 1] = __builtin_shufflevector(pair[2 * i], pair[2 * i + 1], 2, 3, 6, 7);
            }
            for (int i = 0; i < 4; ++i) std::memcpy(&out[x + i][y], &column[i], sizeof(Four));
        }
}

// Factors that both transforms leave out: cos(k pi / 16) sqrt(2), 1 for k = 0; and an eighth for both directions.
constexpr std::array<float, 8> kFactor{1.0F, 1.387039845F, 1.306562965F, 1.175875602F, 1.0F, 0.785694958F, 0.541196100F, 0.275899379F};

/// In whole numbers of 16 bits, for sixteen coefficients at a time. What a JPEG of 8 bits a sample can hold, times its step, is below 32,768 with
/// what is added; what a file made up holds beyond that comes out wrong, and is found out when the copy is compared.
MEDIAFERRY_WIDE void requantise(const std::int16_t* blocks, std::size_t count, const std::uint16_t* before, const std::uint16_t* add,
                                const std::uint16_t* after, const std::uint16_t* inverse, std::int16_t* to) {
    for (std::size_t b = 0; b < count; ++b, blocks += kBlock, to += kBlock)
        for (std::size_t i = 0; i < kBlock; ++i) {
            const auto sign = static_cast<std::int16_t>(blocks[i] >> 15);
            const auto size = static_cast<std::uint16_t>((blocks[i] ^ sign) - sign);
            const auto whole = static_cast<std::uint16_t>(size * before[i] + add[i]);
            auto times = static_cast<std::uint16_t>(static_cast<std::uint32_t>(whole) * inverse[i] >> 16);  // too low by one at the most
            const auto rest = static_cast<std::int16_t>(whole - times * after[i]);
            times = static_cast<std::uint16_t>(times + (rest >= static_cast<std::int16_t>(after[i]) ? 1 : 0));
            to[i] = static_cast<std::int16_t>((times ^ sign) - sign);
        }
}

MEDIAFERRY_WIDE void paint(const std::int16_t* blocks, std::size_t count, const float* scale, std::uint8_t* to, std::size_t stride) {
    for (std::size_t b = 0; b < count; ++b, blocks += kBlock, to += 8) {
        Square one, other;
        for (std::size_t y = 0; y < 8; ++y)
            for (std::size_t x = 0; x < 8; ++x) one[y][x] = static_cast<float>(blocks[y * 8 + x]) * scale[y * 8 + x];
        to_pixels(one, other);
        transpose(other, one);
        to_pixels(one, other);
        transpose(other, one);
        for (std::size_t y = 0; y < 8; ++y)
            for (std::size_t x = 0; x < 8; ++x)
                to[y * stride + x] = static_cast<std::uint8_t>(static_cast<int>(std::min(255.0F, std::max(0.0F, one[y][x] + 128.5F))));
    }
}

MEDIAFERRY_WIDE void measure(const std::uint8_t* lines, std::size_t stride, std::size_t count, const float* scale, std::int16_t* blocks) {
    for (std::size_t b = 0; b < count; ++b, lines += 8, blocks += kBlock) {
        Square one, other;
        for (std::size_t y = 0; y < 8; ++y)
            for (std::size_t x = 0; x < 8; ++x) one[y][x] = static_cast<float>(lines[y * stride + x]) - 128.0F;
        to_frequencies(one, other);
        transpose(other, one);
        to_frequencies(one, other);
        transpose(other, one);
        for (std::size_t y = 0; y < 8; ++y)
            for (std::size_t x = 0; x < 8; ++x) {
                const float value = one[y][x] * scale[y * 8 + x];
                blocks[y * 8 + x] = static_cast<std::int16_t>(static_cast<int>(value + (value < 0 ? -0.5F : 0.5F)));
            }
    }
}

}  // namespace

Steps luma_steps(int quality) {
    static const auto flat = flatter(kLuma);
    return scaled(flat, quality);
}
// A flatter luma table reaches the floor at a lower number; colour is to be no worse for that.
Steps chroma_steps(int quality) { return scaled(kChroma, quality + 5); }

Steps coarser_of(const Steps& before, const Steps& wanted) {
    Steps steps{};
    for (std::size_t i = 0; i < kBlock; ++i) steps[i] = std::max(before[i], wanted[i]);
    return steps;
}

Requantiser::Requantiser(const Steps& before, const Steps& after, float dead_zone) {
    before_ = before;
    after_ = after;
    for (std::size_t i = 0; i < kBlock; ++i) {
        add_[i] = static_cast<std::uint16_t>(static_cast<float>(after[i]) * (i == 0 ? 0.5F : dead_zone));
        inverse_[i] = static_cast<std::uint16_t>(0xFFFF / after[i]);
    }
}

void Requantiser::operator()(const std::int16_t* blocks, std::size_t count, std::int16_t* to) const {
    requantise(blocks, count, before_.data(), add_.data(), after_.data(), inverse_.data(), to);
}

Painter::Painter(const Steps& steps) {
    for (std::size_t i = 0; i < kBlock; ++i) scale_[i] = static_cast<float>(steps[i]) * kFactor[i / 8] * kFactor[i % 8] / 8;
}

void Painter::operator()(const std::int16_t* blocks, std::size_t count, std::uint8_t* to, std::size_t stride) const {
    paint(blocks, count, scale_.data(), to, stride);
}

void to_coefficients(const std::uint8_t* lines, std::size_t stride, std::size_t count, std::int16_t* blocks) {
    static const auto scale = [] {
        std::array<float, kBlock> factors{};
        for (std::size_t i = 0; i < kBlock; ++i) factors[i] = 1 / (kFactor[i / 8] * kFactor[i % 8] * 8);
        return factors;
    }();
    measure(lines, stride, count, scale.data(), blocks);
}

}  // namespace mediaferry::stages
