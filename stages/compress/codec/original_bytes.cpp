// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/original_bytes.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "stages/compress/codec/voice.h"

namespace mediaferry::stages {
namespace {

constexpr std::size_t kBlock = 256 << 10;
constexpr std::size_t kRecent = 32;  // sound and picture may lie far apart, and are read in turns

[[noreturn]] void changed() { throw TransientError{"compress.original", "the original reads differently now than a moment ago; check that disk"}; }

/// Exactly that many bytes.
std::string read_exactly(int fd, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size;) {
        const auto got = ::pread(fd, bytes.data() + at, size - at, static_cast<off_t>(offset + at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw TransientError{"file.io", std::string("cannot read the original: ") + std::strerror(errno)};
        if (got == 0) changed();
        at += static_cast<std::size_t>(got);
    }
    return bytes;
}

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { ::EVP_MD_CTX_free(context); }
};

}  // namespace

Sha256 sha256_of(std::string_view bytes) {
    Sha256 result;
    if (::EVP_Digest(bytes.data(), bytes.size(), result.bytes.data(), nullptr, ::EVP_sha256(), nullptr) != 1) throw std::bad_alloc{};
    return result;
}

std::string read_whole(const Order& order) {
    auto bytes = read_exactly(order.original, 0, static_cast<std::size_t>(order.size.count));
    if (sha256_of(bytes) != order.sha256) changed();
    return bytes;
}

OriginalBytes::OriginalBytes(const Order& order) : fd_(order.original), size_(order.size.count) {
    const std::unique_ptr<EVP_MD_CTX, FreeDigest> whole{::EVP_MD_CTX_new()};
    ::EVP_DigestInit_ex(whole.get(), ::EVP_sha256(), nullptr);
    checksums_.reserve(static_cast<std::size_t>(size_ / kBlock + 1));
    for (std::uint64_t at = 0; at < size_; at += kBlock) {
        const auto bytes = read_exactly(fd_, at, static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, size_ - at)));
        ::EVP_DigestUpdate(whole.get(), bytes.data(), bytes.size());
        checksums_.push_back(sha256_of(bytes));
        alive();
    }
    Sha256 found;
    ::EVP_DigestFinal_ex(whole.get(), found.bytes.data(), nullptr);
    if (found != order.sha256) changed();
}

std::size_t OriginalBytes::read_at(std::uint64_t offset, char* to, std::size_t most) {
    if (offset >= size_) return 0;
    const auto& bytes = block(offset / kBlock);
    const auto within = static_cast<std::size_t>(offset % kBlock);
    const auto count = std::min(most, bytes.size() - within);
    std::memcpy(to, bytes.data() + within, count);
    return count;
}

const std::string& OriginalBytes::block(std::uint64_t number) {
    const auto found = std::ranges::find(recent_, number, &Block::number);
    if (found != recent_.end()) {
        recent_.splice(recent_.begin(), recent_, found);
        return recent_.front().bytes;
    }
    const auto at = number * kBlock;
    auto bytes = read_exactly(fd_, at, static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, size_ - at)));
    if (sha256_of(bytes) != checksums_[static_cast<std::size_t>(number)]) changed();
    recent_.push_front({number, std::move(bytes)});
    if (recent_.size() > kRecent) recent_.pop_back();
    return recent_.front().bytes;
}

}  // namespace mediaferry::stages
