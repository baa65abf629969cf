#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Coefficients as they lie in memory, and as an encoder of libjpeg's reads them.

#include <array>
#include <vector>

#include "stages/compress/codec/jpeg/jpeg_handles.h"
#include "stages/compress/codec/jpeg/requantise.h"

namespace mediaferry::stages {

static_assert(sizeof(JCOEF) == sizeof(std::int16_t) && DCTSIZE2 == kBlock);

/// One component: its blocks, a row of them after the other, as many rows as whole MCUs have.
struct Channel {
    int width = 0, height = 0;                   ///< in samples
    int across_sampling = 1, down_sampling = 1;  ///< blocks of one MCU
    int table = 0;                               ///< the number of its quantisation table
    Steps steps{};
    std::vector<JBLOCKROW> rows;
    std::vector<JCOEF> own;  ///< what the rows point into, unless that is the decoder's

    std::size_t blocks() const { return static_cast<std::size_t>(width + DCTSIZE - 1) / DCTSIZE; }
    int block_rows() const { return (height + DCTSIZE - 1) / DCTSIZE; }
    int mcu_rows() const { return static_cast<int>(rows.size()) / down_sampling; }
    const JCOEF* block(int row, std::size_t column) const { return rows[static_cast<std::size_t>(row)][column]; }
};

/// What an encoder reads instead of arrays of its own: the channels, requantised a row of MCUs at a time while it asks for them, so that no second
/// set of coefficients takes memory and the first stays what it is.
class Supply {
public:
    /// `steps`: of each channel, or none: as they are. Both must live as long.
    Supply(const std::vector<Channel>& channels, const std::vector<Steps>* steps, float dead_zone);

    /// From now on it gives every fourth row of MCUs, and one row more that has each symbol which an encoder may ever write: what is counted there
    /// makes Huffman tables that fit the whole, at a quarter of the work, and are good for any picture. False where that is not worth it, or too
    /// small.
    bool sample();
    /// Pixels high, as sampled, for the encoder that counts.
    JDIMENSION sampled_height() const;

    /// What jpeg_write_coefficients() is given for arrays: names, behind which nothing lies. This must live as long as the encoder works.
    jvirt_barray_ptr* names(jpeg_compress_struct& encoder);

private:
    static JBLOCKARRAY read(j_common_ptr encoder, jvirt_barray_ptr array, JDIMENSION first, JDIMENSION count, boolean);
    JBLOCKARRAY rows(jvirt_barray_ptr array, JDIMENSION first, JDIMENSION count);

    /// Lines of blocks that are made, for each channel, and where each begins, as libjpeg wants it.
    struct Lines {
        std::vector<std::vector<JCOEF>> lines;
        std::vector<JBLOCKROW> heads;
    };
    static Lines lines_for(const Channel&);

    const std::vector<Channel>& channels_;
    std::vector<Requantiser> change_;
    std::vector<Lines> changed_, symbols_;
    std::array<jvirt_barray_ptr, MAX_COMPONENTS> names_{};
};

}  // namespace mediaferry::stages
