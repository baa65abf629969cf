// SPDX-License-Identifier: GPL-3.0-or-later
// The one place that walks a path which others may have laid traps on: from a folder of ours on, by descriptors, over no symbolic link.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {
namespace {

std::vector<fs::path>& house_folders() {
    static std::vector<fs::path> folders;
    return folders;
}

/// Linux before 5.6 has no openat2, and some sandboxes forbid what they do not know.
bool kernel_walks_beneath() {
    static const bool answer = [] {
        struct open_how how {};
        how.flags = O_PATH | O_CLOEXEC;
        const long fd = ::syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
        if (fd >= 0) ::close(static_cast<int>(fd));
        return fd >= 0;
    }();
    return answer;
}

std::uint64_t mount_of(int fd) {
    struct statx answer {};
    return ::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &answer) == 0 && (answer.stx_mask & STATX_MNT_ID) != 0 ? answer.stx_mnt_id : 0;
}

bool is_link_at(int directory, const char* name) {
    struct stat found {};
    return ::fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode);
}

/// One component, which must be no link. -1 and errno (ELOOP for a link).
int open_step(int directory, const char* name, int flags, mode_t mode) {
    int fd = -1;
    do {
        fd = ::openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    const int why = errno;
    // With O_DIRECTORY a link is "not a directory"; with O_PATH alone the link itself would be opened.
    if (fd < 0 && why == ENOTDIR && is_link_at(directory, name)) {
        errno = ELOOP;
        return -1;
    }
    struct stat found {};
    if (fd >= 0 && (flags & O_PATH) != 0 && ::fstat(fd, &found) == 0 && S_ISLNK(found.st_mode)) {
        ::close(fd);
        errno = ELOOP;
        return -1;
    }
    errno = why;
    return fd;
}

}  // namespace

namespace calls {

int open_by_steps(int directory, const fs::path& name, int flags, mode_t mode, Mounts mounts) {
    std::vector<std::string> steps;
    for (const fs::path& part : name) {
        if (part == ".." || part.is_absolute()) {
            errno = EXDEV;
            return -1;
        }
        if (!part.empty() && part != ".") steps.push_back(part.string());
    }
    if (steps.empty()) return open_step(directory, ".", flags, mode);
    const std::uint64_t mount = mount_of(directory);
    Descriptor held;
    int at = directory;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const bool last = i + 1 == steps.size();
        Descriptor next{open_step(at, steps[i].c_str(), last ? flags : O_PATH | O_DIRECTORY, mode)};
        if (!next) return -1;
        if (mounts == Mounts::stay && mount_of(next.get()) != mount) {
            errno = EXDEV;
            return -1;
        }
        held = std::move(next);
        at = held.get();
    }
    return held.release();
}

int open_beneath(int directory, const fs::path& name, int flags, mode_t mode, Mounts mounts) {
    if (!kernel_walks_beneath()) return open_by_steps(directory, name, flags, mode, mounts);
    struct open_how how {};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    how.mode = (flags & O_CREAT) != 0 ? mode : 0;  // openat2 refuses one that means nothing
    // Not O_NOFOLLOW too: with O_DIRECTORY it would call a link "not a directory", and that reads as "not there".
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    if (mounts == Mounts::stay) how.resolve |= RESOLVE_NO_XDEV;
    const char* text = name.empty() ? "." : name.c_str();
    for (;;) {
        const long fd = ::syscall(SYS_openat2, directory, text, &how, sizeof how);
        // EAGAIN: a rename elsewhere raced with the walk, and the kernel cannot vouch for it this time.
        if (fd >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(fd);
    }
}

std::optional<Within> within(const fs::path& path) {
    const std::string& text = path.native();
    std::optional<Within> deepest;
    // The folders themselves are the user's: each may be a link to wherever the space is.
    if (std::find(house_folders().begin(), house_folders().end(), path) != house_folders().end()) return deepest;
    for (const fs::path& folder : house_folders()) {
        const std::string& start = folder.native();
        if (text.size() <= start.size() || text.compare(0, start.size(), start) != 0 || text[start.size()] != '/') continue;
        if (!deepest || start.size() > deepest->folder.size()) deepest = Within{folder, text.substr(text.find_first_not_of('/', start.size()))};
    }
    return deepest;
}

int open_path(const fs::path& path, int flags, mode_t mode) {
    if (const auto inside = within(path)) {
        const Descriptor folder{::open(inside->folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
        return folder ? open_beneath(folder.get(), inside->rest, flags, mode, Mounts::cross) : -1;
    }
    for (;;) {
        const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EINTR) return fd;
    }
}

namespace {

void must_be_regular(int fd, const std::string& name_for_errors) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) throw_errno(errno, "cannot look at", name_for_errors);
    if (!S_ISREG(found.st_mode))
        throw TransientError{"file.refused",
                             printable(name_for_errors) + " is no regular file but " + kind_of(found.st_mode) + ": it is not opened. Take it away"};
}

/// Looked at before it is opened: opening a device may do something, and a pipe would wait for its other end.
template <class Open>
Descriptor open_looked_at(const std::string& name_for_errors, Open&& open) {
    const Descriptor seen{open(O_PATH)};
    if (!seen) throw_errno(errno, "cannot open", name_for_errors);
    must_be_regular(seen.get(), name_for_errors);
    Descriptor file{open(O_RDONLY | O_NONBLOCK)};
    if (!file) throw_errno(errno, "cannot open", name_for_errors);
    must_be_regular(file.get(), name_for_errors);
    return file;
}

}  // namespace

Descriptor open_regular(const fs::path& path) {
    return open_looked_at(path.string(), [&](int flags) { return open_path(path, flags); });
}

Descriptor open_regular(int directory, const fs::path& name, const std::string& name_for_errors) {
    return open_looked_at(name_for_errors, [&](int flags) { return open_beneath(directory, name, flags); });
}

}  // namespace calls

void keep_within(const std::vector<fs::path>& folders) {
    for (const fs::path& folder : folders) {
        auto normal = folder.lexically_normal();
        if (normal.filename() == ".") normal = normal.parent_path();  // "/srv/media/"
        if (!normal.is_absolute() || normal == normal.root_path()) continue;
        if (std::find(house_folders().begin(), house_folders().end(), normal) == house_folders().end()) house_folders().push_back(normal);
    }
}

std::optional<struct stat> status_of(const fs::path& path) {
    struct stat found {};
    if (const auto inside = calls::within(path)) {
        boost::system::error_code ignored;
        if (!fs::is_directory(inside->folder, ignored)) return std::nullopt;
        return Tree::open(inside->folder).status(inside->rest);
    }
    if (::lstat(path.c_str(), &found) == 0) return found;
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw_errno(errno, "cannot look at", path.string());
}

bool is_file(const fs::path& path) {
    const auto found = status_of(path);
    return found && S_ISREG(found->st_mode);
}

void remove_file(const fs::path& path) {
    const int fd = calls::open_path(path.has_parent_path() ? path.parent_path() : fs::path{"."}, O_PATH | O_DIRECTORY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
    if (fd < 0) throw_errno(errno, "cannot reach", path.string());
    const Descriptor directory{fd};
    if (MF_AROUND("files.remove_file", ::unlinkat(fd, path.filename().c_str(), 0)) != 0 && errno != ENOENT)
        throw_errno(errno, "cannot remove", path.string());
}

void set_modified(const fs::path& path, Timestamp modified) { set_modified(path, timespec{modified.time_since_epoch().count(), 0}); }

void set_modified(const fs::path& path, timespec modified) { calls::set_modified(calls::open_regular(path).get(), modified, path.string()); }

std::string read_head(const fs::path& path, std::size_t size) {
    const Descriptor file = calls::open_regular(path);
    std::string head(size, '\0');
    const ssize_t got = calls::read_at(file.get(), head.data(), size, 0);
    if (got < 0) throw_errno(errno, "cannot read", path.string());
    head.resize(static_cast<std::size_t>(got));
    return head;
}

const char* kind_of(mode_t mode) {
    if (S_ISREG(mode)) return "a file";
    if (S_ISDIR(mode)) return "a folder";
    if (S_ISLNK(mode)) return "a symbolic link";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

}  // namespace mediaferry::files
