// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/av_io.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "stages/compress/codec/result_file.h"
#include "stages/compress/codec/voice.h"

namespace mediaferry::stages::av {
namespace {

constexpr int kBuffer = 64 << 10;

using Read = int (*)(void*, std::uint8_t*, int);
using Seek = std::int64_t (*)(void*, std::int64_t, int);

Io new_io(void* self, bool writing, Read read, Read write, Seek seek) {
    auto* buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
    if (buffer == nullptr) throw std::bad_alloc{};
    Io io{avio_alloc_context(buffer, kBuffer, writing ? 1 : 0, self, read, write, seek)};
    if (!io) {
        av_free(buffer);
        throw std::bad_alloc{};
    }
    return io;
}

/// Where a seek leads, or the size, or an error.
std::int64_t sought(std::int64_t offset, int whence, std::uint64_t at, std::uint64_t size) {
    switch (whence & ~AVSEEK_FORCE) {
        case AVSEEK_SIZE: return static_cast<std::int64_t>(size);
        case SEEK_SET: break;
        case SEEK_CUR: offset += static_cast<std::int64_t>(at); break;
        case SEEK_END: offset += static_cast<std::int64_t>(size); break;
        default: return AVERROR(EINVAL);
    }
    return offset < 0 ? AVERROR(EINVAL) : offset;
}

}  // namespace

ByteSource file_source(int fd) {
    return {size_of(fd), [fd](std::uint64_t offset, char* to, std::size_t most) {
                ssize_t got = -1;
                do got = ::pread(fd, to, most, static_cast<off_t>(offset));
                while (got < 0 && errno == EINTR);
                if (got < 0) throw TransientError{"file.io", std::string("cannot read the small copy back: ") + std::strerror(errno)};
                return static_cast<std::size_t>(got);
            }};
}

ReadingIo::ReadingIo(ByteSource source) : source_(std::move(source)), io_(new_io(this, false, read, nullptr, seek)) {}

int ReadingIo::read(void* self, std::uint8_t* to, int most) {
    auto& io = *static_cast<ReadingIo*>(self);
    try {
        const auto got = io.source_.read_at(io.at_, reinterpret_cast<char*>(to), static_cast<std::size_t>(most));
        io.at_ += got;
        return got == 0 ? AVERROR_EOF : static_cast<int>(got);
    } catch (...) {
        io.failure_ = std::current_exception();
        return AVERROR(EIO);
    }
}

std::int64_t ReadingIo::seek(void* self, std::int64_t offset, int whence) {
    auto& io = *static_cast<ReadingIo*>(self);
    const auto to = sought(offset, whence, io.at_, io.source_.size);
    if (to >= 0 && (whence & ~AVSEEK_FORCE) != AVSEEK_SIZE) io.at_ = static_cast<std::uint64_t>(to);
    return to;
}

WritingIo::WritingIo(int fd) : fd_(fd), io_(new_io(this, true, nullptr, write, seek)) {}

int WritingIo::write(void* self, std::uint8_t* from, int size) {
    auto& io = *static_cast<WritingIo*>(self);
    try {
        alive();  // the index of a long clip moves the whole clip
        write_at(io.fd_, io.at_, {reinterpret_cast<const char*>(from), static_cast<std::size_t>(size)});
        io.at_ += static_cast<std::uint64_t>(size);
        return size;
    } catch (...) {
        io.failure_ = std::current_exception();
        return AVERROR(EIO);
    }
}

std::int64_t WritingIo::seek(void* self, std::int64_t offset, int whence) {
    auto& io = *static_cast<WritingIo*>(self);
    const auto to = sought(offset, whence, io.at_, size_of(io.fd_));
    if (to >= 0 && (whence & ~AVSEEK_FORCE) != AVSEEK_SIZE) io.at_ = static_cast<std::uint64_t>(to);
    return to;
}

}  // namespace mediaferry::stages::av
