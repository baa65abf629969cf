// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <cerrno>
#include <new>
#include <system_error>

#include "common/errors/errors.h"
#include "common/files/files.h"

namespace mediaferry::files {

Descriptor::~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        if (fd_ >= 0) ::close(fd_);
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void Descriptor::close_checked(const std::string& name_for_errors) {
    // Linux frees the number even when close() fails: never close twice.
    const int fd = std::exchange(fd_, -1);
    if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) throw_errno(errno, "cannot finish writing", name_for_errors);
}

namespace {

/// The code that is counted, and what a person can do about it.
struct Meaning {
    const char* code;
    const char* advice;
};

Meaning meaning_of(int error_number) {
    switch (error_number) {
        case ENOSPC: return {"file.full", "; make room there"};
        case EDQUOT: return {"file.full", "; make room or raise the quota"};
        case EROFS: return {"file.read_only", "; mount it writable (a disk with errors turns read-only by itself: see the kernel log)"};
        case EIO: return {"file.io", "; check the disk or the network share, and the kernel log"};
        case EACCES:
        case EPERM: return {"file.denied", "; give the user that runs mediaferry access to it"};
        case EEXIST: return {"file.exists", ""};
        case ENOENT:
        case ENOTDIR: return {"file.missing", ""};
        case EXDEV:
        case ELOOP:
            return {"file.refused",
                    "; the name leaves its folder, or a symbolic link or another mount stands in the way. Nothing behind it is touched: take "
                    "it away, or name the folder that it leads to in the config"};
        case ENAMETOOLONG: return {"file.name", "; shorten the name"};
        case EFBIG: return {"file.too_large", "; that file system cannot hold a file of this size"};
        default: return {"file.io", ""};
    }
}

bool is_away(int error_number) {
    switch (error_number) {
        case ESTALE:
        case ENOTCONN:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENETDOWN:
        case ENETUNREACH:
        case ETIMEDOUT:
        case ENODEV:
        case ENXIO: return true;
        default: return false;
    }
}

}  // namespace

void throw_errno(int error_number, const std::string& doing, const std::string& path) {
    const std::string text = doing + " " + printable(path) + ": " + std::generic_category().message(error_number);
    if (error_number == ENOMEM) throw std::bad_alloc{};
    if (is_away(error_number)) throw Unavailable{"file.away", text + "; the disk or the share behind it is gone: mount it again"};
    const Meaning meaning = meaning_of(error_number);
    throw TransientError{meaning.code, text + meaning.advice};
}

}  // namespace mediaferry::files
