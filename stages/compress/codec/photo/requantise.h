#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks of DCT coefficients with coarser steps, and what they look like. Pure.

#include <array>
#include <cstddef>
#include <cstdint>

namespace mediaferry::stages {

constexpr std::size_t kBlock = 64;  ///< coefficients of one block, in natural order

/// Quantisation steps of one table, in natural order.
using Steps = std::array<std::uint16_t, kBlock>;

/// Steps for `quality` (1-100): scaled as libjpeg scales them, at most 255. Chroma's are those of ITU T.81 Annex K, luma's a flatter table.
Steps luma_steps(int quality);
Steps chroma_steps(int quality);
/// Nowhere finer than they were.
Steps coarser_of(const Steps& before, const Steps& wanted);

/// From steps to coarser ones. The mean of a block is rounded to the nearest, the others towards zero a little: a value that sits on the old grid
/// would be rounded up too often otherwise, and costs bits (facts/compression.md D).
class Requantiser {
public:
    Requantiser(const Steps& before, const Steps& after);
    void operator()(std::int16_t* block) const;

private:
    std::array<float, kBlock> ratio_, add_;
};

/// The 8 x 8 pixels of a block, as a decoder shows them.
class Painter {
public:
    explicit Painter(const Steps&);
    void operator()(const std::int16_t* block, std::uint8_t* to, std::size_t stride) const;

private:
    std::array<float, kBlock> scale_;
};

}  // namespace mediaferry::stages
