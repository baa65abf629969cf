// SPDX-License-Identifier: GPL-3.0-or-later
// Built with full optimisation in every kind of build: it looks at each pixel of each clip.
#include "stages/compress/codec/video/ssim.h"

#include <algorithm>
#include <cmath>

// The same loops twice, for processors with and without AVX2. (A sanitizer would not survive the choice, which happens before it has started.)
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define MEDIAFERRY_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define MEDIAFERRY_WIDE
#endif

namespace mediaferry::stages {
namespace {

/// Four rows of pixels, added up column by column.
template <class Pixel>
inline void add_rows(const Pixel* __restrict a, const Pixel* __restrict b, int width, std::uint32_t* __restrict sums) {
    std::uint32_t* __restrict of_a = sums;
    std::uint32_t* __restrict of_b = sums + width;
    std::uint32_t* __restrict squares = sums + 2 * width;
    std::uint32_t* __restrict products = sums + 3 * width;
    for (int x = 0; x < width; ++x) {
        const std::uint32_t p = a[x], q = b[x];
        of_a[x] += p;
        of_b[x] += q;
        squares[x] += p * p + q * q;
        products[x] += p * q;
    }
}

MEDIAFERRY_WIDE void add_narrow(const std::uint8_t* a, const std::uint8_t* b, int width, std::uint32_t* sums) { add_rows(a, b, width, sums); }
MEDIAFERRY_WIDE void add_deep(const std::uint16_t* a, const std::uint16_t* b, int width, std::uint32_t* sums) { add_rows(a, b, width, sums); }

/// Columns to blocks of four.
MEDIAFERRY_WIDE void fold(const std::uint32_t* __restrict columns, int width, int blocks, std::uint32_t* __restrict into) {
    for (int kind = 0; kind < 4; ++kind) {
        const std::uint32_t* __restrict from = columns + static_cast<std::ptrdiff_t>(kind) * width;
        std::uint32_t* __restrict to = into + static_cast<std::ptrdiff_t>(kind) * blocks;
        for (int x = 0; x < blocks; ++x) to[x] = from[4 * x] + from[4 * x + 1] + from[4 * x + 2] + from[4 * x + 3];
    }
}

/// Sum of the SSIM of all windows that two rows of blocks make. What is subtracted are whole numbers, exact in a double; the rest is not so nice.
MEDIAFERRY_WIDE double windows(const std::uint32_t* __restrict above, const std::uint32_t* __restrict below, int blocks, float c1, float c2) {
    double total = 0;
    float values[64];
    for (int start = 0; start + 1 < blocks; start += 64) {
        const int count = std::min(64, blocks - 1 - start);
        for (int i = 0; i < count; ++i) {
            const auto four = [&](int kind) {
                const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(kind) * blocks + start + i;
                return above[at] + above[at + 1] + below[at] + below[at + 1];
            };
            const double a = four(0), b = four(1), squares = four(2), products = four(3);
            const auto ab = static_cast<float>(a * b), both = static_cast<float>(a * a + b * b);
            const auto variances = static_cast<float>(64 * squares - (a * a + b * b)), covariance = static_cast<float>(64 * products - a * b);
            values[i] = (2 * ab + c1) * (2 * covariance + c2) / ((both + c1) * (variances + c2));
        }
        float sum = 0;
        for (int i = 0; i < count; ++i) sum += values[i];
        total += static_cast<double>(sum);
    }
    return total;
}

}  // namespace

Likeness Ssim::of(const Plane& a, const Plane& b) {
    const int width = a.width, blocks = width / 4, rows = a.height / 4;
    const auto peak = static_cast<double>((1 << a.bits) - 1);
    const auto c1 = static_cast<float>(.01 * .01 * peak * peak * 64 * 64), c2 = static_cast<float>(.03 * .03 * peak * peak * 64 * 63);
    const auto wide = static_cast<std::size_t>(blocks) * 4;
    columns_.resize(static_cast<std::size_t>(width) * 4);
    blocks_.assign(2 * wide, 0);
    double sum = 0, error = 0;
    std::uint64_t pixels = 0, counted = 0;
    for (int row = 0; row < rows; ++row) {
        std::fill(columns_.begin(), columns_.end(), 0U);
        for (int y = 4 * row; y < 4 * row + 4; ++y) {
            const auto* p = a.data + y * a.stride;
            const auto* q = b.data + y * b.stride;
            if (a.bits == 8)
                add_narrow(p, q, width, columns_.data());
            else
                add_deep(reinterpret_cast<const std::uint16_t*>(p), reinterpret_cast<const std::uint16_t*>(q), width, columns_.data());
        }
        auto* now = blocks_.data() + (row % 2 == 0 ? 0 : wide);
        const auto* before = blocks_.data() + (row % 2 == 0 ? wide : 0);
        fold(columns_.data(), width, blocks, now);
        for (int x = 0; x < blocks; ++x) error += static_cast<double>(now[2 * blocks + x]) - 2.0 * static_cast<double>(now[3 * blocks + x]);
        pixels += static_cast<std::uint64_t>(blocks) * 16;
        if (row == 0 || blocks < 2) continue;
        sum += windows(before, now, blocks, c1, c2);
        counted += static_cast<std::uint64_t>(blocks - 1);
    }
    Likeness likeness;
    likeness.psnr = pixels == 0 || error <= 0 ? 99.0 : std::min(99.0, 10 * std::log10(peak * peak * static_cast<double>(pixels) / error));
    likeness.ssim = counted > 0 ? sum / static_cast<double>(counted) : error <= 0 ? 1.0 : std::max(0.0, 1 - std::pow(10, -likeness.psnr / 20));
    return likeness;
}

double percentile(std::vector<double> values, int percent) {
    if (values.empty()) return 0;
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(values.size() * static_cast<std::size_t>(percent) / 100);
    const auto last = values.end() - 1;
    const auto wanted = std::min(at, last);
    std::nth_element(values.begin(), wanted, values.end());
    return *wanted;
}

}  // namespace mediaferry::stages
