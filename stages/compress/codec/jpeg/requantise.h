#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks of DCT coefficients with coarser steps, what they look like, and how pixels become such blocks. Pure.

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

/// What is added before a value is cut to a whole number: 0.5 would be rounding. Less where the steps have been made coarser before: what is left of
/// fine detail is ones on a grid a little finer than the new one, which cost as many bits there and are further off.
constexpr float kDeadZone = 0.35F, kDeadZoneOfACopy = 0.30F;

/// From steps to coarser ones. The mean of a block is rounded to the nearest, the others towards zero a little: a value that sits on the old grid
/// would be rounded up too often otherwise, and costs bits (facts/compression.md D).
class Requantiser {
public:
    Requantiser(const Steps& before, const Steps& after, float dead_zone = kDeadZone);
    /// `count` blocks, one behind the other, into `to`, which may be where they lie.
    void operator()(const std::int16_t* blocks, std::size_t count, std::int16_t* to) const;

private:
    Steps before_, after_, add_, inverse_;
};

/// The 8 x 8 pixels of each block, as a decoder shows them but for the rounding: few differ, by one.
class Painter {
public:
    explicit Painter(const Steps&);
    /// `count` blocks, beside each other, as eight lines of pixels.
    void operator()(const std::int16_t* blocks, std::size_t count, std::uint8_t* to, std::size_t stride) const;

private:
    std::array<float, kBlock> scale_;
};

/// The other way round, at steps of one: `count` blocks out of eight lines of pixels.
void to_coefficients(const std::uint8_t* lines, std::size_t stride, std::size_t count, std::int16_t* blocks);

}  // namespace mediaferry::stages
