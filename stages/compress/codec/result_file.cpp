// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/result_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/errors/errors.h"

namespace mediaferry::stages {
namespace {

[[noreturn]] void trouble(const std::string& doing, int error) {
    if (error == EFBIG) throw BadInput{"codec.file", "its small copy would grow past every bound"};
    const bool full = error == ENOSPC || error == EDQUOT;
    throw TransientError{full ? "file.full" : "file.io", "cannot " + doing + " the small copy: " + std::strerror(error)};
}

}  // namespace

void write_at(int fd, std::uint64_t offset, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) trouble("write", errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
}

void write_whole(int fd, std::string_view bytes) {
    write_at(fd, 0, bytes);
    set_size(fd, bytes.size());
}

void sync(int fd) {
    if (::fsync(fd) != 0) trouble("make durable", errno);
}

void set_size(int fd, std::uint64_t size) {
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0) trouble("set the size of", errno);
}

std::uint64_t size_of(int fd) {
    struct stat about {};
    if (::fstat(fd, &about) != 0) trouble("look at", errno);
    return static_cast<std::uint64_t>(about.st_size);
}

std::string read_back(int fd, std::size_t limit) {
    const auto size = size_of(fd);
    if (size > limit) throw BadInput{"codec.file", "its small copy is larger than any should be"};
    std::string bytes(static_cast<std::size_t>(size), '\0');
    for (std::size_t at = 0; at < bytes.size();) {
        const auto got = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) trouble("read back", got < 0 ? errno : EIO);
        at += static_cast<std::size_t>(got);
    }
    return bytes;
}

}  // namespace mediaferry::stages
