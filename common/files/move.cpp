// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {
namespace {

fs::path directory_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

constexpr std::string_view kPrefix = ".mediaferry-", kSuffix = ".part";

bool changed(const struct stat& a, const struct stat& b) {
    return a.st_size != b.st_size || a.st_mtim.tv_sec != b.st_mtim.tv_sec || a.st_mtim.tv_nsec != b.st_mtim.tv_nsec;
}

struct stat status_of(int fd, const fs::path& path) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) throw_errno(errno, "cannot look at", path.string());
    return found;
}

/// Copy, read the copy back, make it visible; only then does the old name go.
void move_between_file_systems(const Tree& home, const fs::path& from, const Tree& directory, const std::string& name) {
    const Descriptor source = home.open_read(from.filename());
    const struct stat before = status_of(source.get(), from);
    const std::string unfinished = temporary_name();
    const Digests written = copy_in(source.get(), directory, unfinished, Timestamp{std::chrono::seconds{before.st_mtim.tv_sec}});
    try {
        if (changed(before, status_of(source.get(), from))) {
            throw TransientError{"file.changed", from.string() + " changed while it was being moved; it stays where it is"};
        }
        if (!(read_back(directory, unfinished).digests == written)) {
            throw TransientError{"file.io",
                                 "the copy of " + from.string() + " in " + directory.root().string() + " reads back differently; check that disk"};
        }
        directory.rename_new(unfinished, name);
    } catch (...) {
        directory.remove(unfinished);
        throw;
    }
    directory.sync_directory("");
    if (MF_AROUND("files.move.unlink_old", ::unlinkat(home.descriptor(), from.filename().c_str(), 0)) != 0)
        throw_errno(errno, "moved, but cannot remove the old", from.string());
}

}  // namespace

std::string temporary_name() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) throw_errno(errno, "no random numbers for", "a file name");
    char digits[17];
    ::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(number));
    return std::string(kPrefix) + digits + std::string(kSuffix);
}

bool is_temporary_name(std::string_view name) { return name.starts_with(kPrefix) && name.ends_with(kSuffix); }

void move_file(const fs::path& from, const fs::path& to) {
    make_directories(directory_of(to));
    const Tree source = Tree::open(directory_of(from));
    const Tree target = Tree::open(directory_of(to));
    const std::string old_name = from.filename().string();
    const std::string new_name = to.filename().string();
    if (source.identity().device != target.identity().device) {
        if (target.status(new_name)) throw_errno(EEXIST, "cannot move to", to.string());
        move_between_file_systems(source, from, target, new_name);
    } else {
        try {
            MF_AROUND("files.move.rename", calls::rename_new(source.descriptor(), old_name, target.descriptor(), new_name, to.string()));
        } catch (const Error& error) {
            // One device, two mounts of it (a bind mount, a btrfs subvolume): the kernel renames within a mount only.
            if (error.code() != "file.refused") throw;
            if (target.status(new_name)) throw_errno(EEXIST, "cannot move to", to.string());
            move_between_file_systems(source, from, target, new_name);
        }
    }
    MF_AROUND("files.move.fsync_new", target.sync_directory(""));
    MF_AROUND("files.move.fsync_old", source.sync_directory(""));
}

void replace_file(const fs::path& from, const fs::path& to) {
    const Tree source = Tree::open(directory_of(from));
    const Tree target = Tree::open(directory_of(to));
    if (MF_AROUND("files.replace_file.rename",
                  ::renameat(source.descriptor(), from.filename().c_str(), target.descriptor(), to.filename().c_str())) != 0)
        throw_errno(errno, "cannot replace", to.string());
    target.sync_directory("");
}

void replace_small_file(const fs::path& path, std::string_view content, mode_t mode) {
    const Tree directory = Tree::open(directory_of(path));
    const std::string unfinished = temporary_name();
    Descriptor file = directory.create_new(unfinished, mode);
    try {
        if (::fchmod(file.get(), mode) != 0) throw_errno(errno, "cannot set the mode of", path.string());
        calls::write_all(file.get(), content, path.string());
        calls::sync(file.get(), path.string());
        file.close_checked(path.string());
        if (MF_AROUND("files.replace.rename",
                      ::renameat(directory.descriptor(), unfinished.c_str(), directory.descriptor(), path.filename().c_str())) != 0) {
            throw_errno(errno, "cannot replace", path.string());
        }
    } catch (...) {
        ::unlinkat(directory.descriptor(), unfinished.c_str(), 0);
        throw;
    }
    directory.sync_directory("");
}

std::string read_small_file(const fs::path& path, std::size_t limit) {
    const bool ours = calls::within(path).has_value();  // elsewhere a person may name a pipe: a secret that is never on a disk
    return calls::read_whole((ours ? calls::open_regular(path) : calls::open_file(path, O_RDONLY)).get(), limit, path.string());
}

void sync_directory(const fs::path& path) { calls::sync(calls::open_file(path, O_RDONLY | O_DIRECTORY).get(), path.string()); }

void sync_file(const fs::path& path) {
    // For writing where that is allowed: a CIFS client ignores fsync otherwise.
    const int fd = calls::open_path(path, O_WRONLY | O_NONBLOCK);
    const Descriptor file = fd >= 0 ? Descriptor{fd} : calls::open_file(path, O_RDONLY | O_NONBLOCK);
    calls::sync(file.get(), path.string());
}

void make_directories(const fs::path& path) {
    if (path.empty()) return;
    if (const auto inside = calls::within(path)) {
        make_directories(inside->folder);
        calls::make_steps(Tree::open(inside->folder).descriptor(), inside->rest, inside->folder, calls::Mounts::cross);
        return;
    }
    fs::path existing = fs::absolute(path).lexically_normal();
    fs::path missing;
    boost::system::error_code ignored;
    while (!fs::is_directory(existing, ignored) && existing.has_parent_path() && existing != existing.root_path()) {
        missing = missing.empty() ? existing.filename() : existing.filename() / missing;
        existing = existing.parent_path();
    }
    if (!missing.empty()) Tree::open(existing).make_directories(missing);
}

}  // namespace mediaferry::files
