#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The bytes of the original, and no others. A disk, a cable or a neighbour may hand out another bit at the second reading than at the first, so
// it is not enough that the file was hashed once: each byte that a decoder sees has gone through the checksum itself.

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "stages/compress/order.h"

namespace mediaferry::stages {

Sha256 sha256_of(std::string_view bytes);

/// The whole original in memory, hashed there. Throws TransientError ("compress.original") when it is not the one that was ordered.
std::string read_whole(const Order&);

/// An original that is too large for memory: read through once, remembering the checksum of each block; every later reading of a block is held
/// against that.
class OriginalBytes {
public:
    /// Throws TransientError ("compress.original") when the file is not the one that was ordered.
    explicit OriginalBytes(const Order&);

    std::uint64_t size() const { return size_; }
    /// As many bytes from there as one block gives, at most `most`; 0 at the end. Throws TransientError ("compress.original").
    std::size_t read_at(std::uint64_t offset, char* to, std::size_t most);

private:
    struct Block {
        std::uint64_t number = 0;
        std::string bytes;
    };
    const std::string& block(std::uint64_t number);

    int fd_;
    std::uint64_t size_;
    std::vector<Sha256> checksums_;
    std::list<Block> recent_;  ///< the last used first
};

}  // namespace mediaferry::stages
