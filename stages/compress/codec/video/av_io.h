#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// libav reads and writes through these alone: it is given no name and opens nothing.

#include <cstdint>
#include <exception>
#include <functional>

#include "stages/compress/codec/video/av_handles.h"

namespace mediaferry::stages::av {

/// Something to read: its size, and bytes from anywhere in it (fewer than asked for is fine, 0 is the end).
struct ByteSource {
    std::uint64_t size = 0;
    std::function<std::size_t(std::uint64_t offset, char* to, std::size_t most)> read_at;
};

/// The file behind a descriptor, as it is now.
ByteSource file_source(int fd);

struct IoFree {
    void operator()(AVIOContext* io) const {
        av_freep(&io->buffer);
        avio_context_free(&io);
    }
};
using Io = std::unique_ptr<AVIOContext, IoFree>;

class ReadingIo {
public:
    explicit ReadingIo(ByteSource);
    ReadingIo(const ReadingIo&) = delete;
    ReadingIo& operator=(const ReadingIo&) = delete;
    AVIOContext* get() const { return io_.get(); }
    /// What went wrong in our own reading; libav may have taken it for the end of the file.
    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    static int read(void* self, std::uint8_t* to, int most);
    static std::int64_t seek(void* self, std::int64_t offset, int whence);

    ByteSource source_;
    std::uint64_t at_ = 0;
    std::exception_ptr failure_;
    Io io_;
};

class WritingIo {
public:
    explicit WritingIo(int fd);
    WritingIo(const WritingIo&) = delete;
    WritingIo& operator=(const WritingIo&) = delete;
    AVIOContext* get() const { return io_.get(); }
    void rethrow() const {
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    static int write(void* self, std::uint8_t* from, int size);
    static std::int64_t seek(void* self, std::int64_t offset, int whence);

    int fd_;
    std::uint64_t at_ = 0;
    std::exception_ptr failure_;
    Io io_;
};

}  // namespace mediaferry::stages::av
