// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/supply.h"

#include <algorithm>

namespace mediaferry::stages {
namespace {

constexpr int kEvery = 4;                                       // rows of MCUs
constexpr int kFewestRows = 64;                                 // of MCUs: a megapixel, about; a smaller picture is counted in no time
constexpr std::size_t kFewestBlocks = 64;                       // in a row: what takes all symbols
constexpr int kMostBits = 10, kMostDcBits = 11, kMostRun = 15;  // of a coefficient at 8 bits a sample (ITU T.81 F.1.2)

/// Where the coefficients lie in the order in which they are written.
std::array<std::size_t, kBlock> zigzag() {
    std::array<std::size_t, kBlock> order{};
    std::size_t at = 0;
    for (int sum = 0; sum <= 14; ++sum)
        for (int i = std::max(0, sum - 7); i <= std::min(7, sum); ++i) {
            const int x = sum % 2 == 0 ? i : sum - i, y = sum - x;
            order[at++] = static_cast<std::size_t>(y * 8 + x);
        }
    return order;
}

/// Blocks with every run of zeros before every size of coefficient, a run that takes a mark of its own, an end before the last one, and every size of
/// difference between the means of two blocks.
void put_every_symbol(std::vector<JCOEF>& line) {
    const auto order = zigzag();
    const auto blocks = line.size() / kBlock;
    for (std::size_t b = 0; b / 2 < kMostDcBits && b < blocks; ++b) line[b * kBlock] = static_cast<JCOEF>(b % 2 == 0 ? 0 : 1 << (b / 2));
    std::size_t block = 0, at = 0;  // the last one written in that block
    const auto put = [&](int zeros, int bits) {
        if (at + static_cast<std::size_t>(zeros) + 1 >= kBlock) {
            ++block;
            at = 0;
        }
        at += static_cast<std::size_t>(zeros) + 1;
        line.at(block * kBlock + order[at]) = static_cast<JCOEF>(1 << (bits - 1));
    };
    for (int run = kMostRun; run >= 0; --run)
        for (int bits = 1; bits <= kMostBits; ++bits) put(run, bits);
    put(kMostRun + 1, 1);
}

}  // namespace

Supply::Lines Supply::lines_for(const Channel& channel) {
    Lines made{{static_cast<std::size_t>(channel.down_sampling), std::vector<JCOEF>(channel.blocks() * kBlock)}, {}};
    for (auto& line : made.lines) made.heads.push_back(reinterpret_cast<JBLOCKROW>(line.data()));
    return made;
}

Supply::Supply(const std::vector<Channel>& channels, const std::vector<Steps>* steps, float dead_zone) : channels_(channels) {
    for (std::size_t c = 0; steps && c < channels.size(); ++c) {
        change_.emplace_back(channels[c].steps, (*steps)[c], dead_zone);
        changed_.push_back(lines_for(channels[c]));
    }
}

bool Supply::sample() {
    for (const auto& channel : channels_)
        if (channel.mcu_rows() < kFewestRows || channel.blocks() < kFewestBlocks) return false;
    for (const auto& channel : channels_) {
        symbols_.push_back(lines_for(channel));
        for (auto& line : symbols_.back().lines) put_every_symbol(line);
    }
    return true;
}

JDIMENSION Supply::sampled_height() const {
    int most = 1;
    for (const auto& channel : channels_) most = std::max(most, channel.down_sampling);
    return static_cast<JDIMENSION>((channels_[0].mcu_rows() / kEvery + 1) * most * DCTSIZE);
}

jvirt_barray_ptr* Supply::names(jpeg_compress_struct& encoder) {
    for (std::size_t c = 0; c < channels_.size(); ++c)
        names_[c] = encoder.mem->request_virt_barray(reinterpret_cast<j_common_ptr>(&encoder), JPOOL_IMAGE, FALSE, 1, 1, 1);
    encoder.client_data = this;
    encoder.mem->access_virt_barray = read;
    return names_.data();
}

JBLOCKARRAY Supply::read(j_common_ptr encoder, jvirt_barray_ptr array, JDIMENSION first, JDIMENSION count, boolean) {
    return static_cast<Supply*>(encoder->client_data)->rows(array, first, count);
}

JBLOCKARRAY Supply::rows(jvirt_barray_ptr array, JDIMENSION first, JDIMENSION count) {
    const auto c = static_cast<std::size_t>(std::find(names_.begin(), names_.end(), array) - names_.begin());
    const auto& channel = channels_[c];
    if (!symbols_.empty()) {
        const auto unit = first / count;  // it asks for the rows of one MCU
        if (unit == static_cast<JDIMENSION>(channel.mcu_rows() / kEvery)) return symbols_[c].heads.data();
        first = (unit * kEvery + 1) * count;
    }
    // The encoder only reads; libjpeg knows no const.
    if (change_.empty()) return const_cast<JBLOCKARRAY>(channel.rows.data() + first);
    auto& changed = changed_[c];
    for (JDIMENSION y = 0; y < count; ++y) change_[c](channel.rows[first + y][0], channel.blocks(), changed.lines[y].data());
    return changed.heads.data();
}

}  // namespace mediaferry::stages
