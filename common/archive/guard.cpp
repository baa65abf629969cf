// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/guard.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/errors/errors.h"

namespace mediaferry::archive::guard {
namespace {

constexpr const char* kHowToInit = " (for a new archive, with the NAS mounted: `mediaferry archive init`, once)";

Unavailable unmounted(const fs::path& root, const std::string& what) {
    return Unavailable{"nas.unmounted",
                       what + " " + root.string() + ": the NAS is not mounted there. Nothing is written to an unmounted NAS. Mount it" + kHowToInit};
}

Marker present_marker(const files::Tree& tree) {
    const auto marker = read_marker(tree);
    if (!marker) throw unmounted(tree.root(), std::string("no marker ") + kMarkerName + " in");
    return *marker;
}

void same_archive(const files::Tree& tree, const Marker& marker, const std::string& expected) {
    if (marker.uuid == expected) return;
    throw NeedsPerson{"nas.other", tree.root().string() + " holds another archive (" + marker.uuid + ") than the one this house writes to (" +
                                       expected + "). Mount the right one, or, if the archive was replaced, run `mediaferry archive init --new`"};
}

/// Device and inode of the held root and of what the path leads to now. The mount id tells apart two mounts of one file system.
bool path_leads_here(const files::Tree& tree) {
    struct stat held {
    }, found{};
    if (::fstat(tree.descriptor(), &held) != 0) files::throw_errno(errno, "looking at", tree.root().string());
    if (::stat(tree.root().c_str(), &found) != 0) return false;
    return held.st_dev == found.st_dev && held.st_ino == found.st_ino && files::Tree::identity_of(tree.root()) == tree.identity();
}

/// What must stay free: 1 % of the file system, at most 1 GiB.
std::uint64_t reserve(const struct statvfs& space) {
    return std::min<std::uint64_t>(1ULL << 30, static_cast<std::uint64_t>(space.f_blocks) * space.f_frsize / 100);
}
constexpr std::uint64_t kFreeFiles = 16;

}  // namespace

files::Tree open_root(const fs::path& root) {
    try {
        return files::Tree::open(root);
    } catch (const Unavailable& error) {
        if (error.code() != "file.missing") throw;
        throw unmounted(root, "no directory");
    }
}

Held hold(const fs::path& root, const std::optional<std::string>& expected) {
    auto tree = open_root(root);
    auto marker = present_marker(tree);
    if (expected) same_archive(tree, marker, *expected);
    return {std::move(tree), std::move(marker)};
}

void identity(const files::Tree& tree, const Marker& marker) {
    try {
        same_archive(tree, present_marker(tree), marker.uuid);
    } catch (const NeedsPerson& error) {
        throw Unavailable{error.code(), error.what()};  // no single file's fault: in the middle of a run it ends the run
    }
    if (!path_leads_here(tree))
        throw Unavailable{"nas.detached", "something else lies at " + tree.root().string() +
                                              " than when this run began: the NAS was unmounted or replaced meanwhile. "
                                              "Nothing more is written. Mount it again; the next run goes on"};
}

void writable(const files::Tree& tree, Bytes room) {
    struct statvfs space {};
    if (::fstatvfs(tree.descriptor(), &space) != 0) files::throw_errno(errno, "asking for the free space of", tree.root().string());
    const auto where = tree.root().string();
    if ((space.f_flag & ST_RDONLY) != 0)
        throw Unavailable{"nas.read_only", where + " is mounted read-only. Mount it read-write (after a disk error: check the NAS first)"};
    if (::faccessat(tree.descriptor(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
        if (errno == EROFS) throw Unavailable{"nas.read_only", where + " is read-only. Make it writable"};
        throw Unavailable{"nas.denied", where + " may not be written by the user mediaferry runs as. Give that user write access"};
    }
    const Bytes free{static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize};
    const Bytes needed{room.count + reserve(space)};
    if (free < needed)
        throw Unavailable{"nas.full",
                          where + " is full: " + to_text(free) + " free, " + to_text(needed) + " needed with the reserve. Make room on the NAS"};
    // f_files is 0 where the file system has no fixed number of them (btrfs, CIFS).
    if (space.f_files != 0 && space.f_favail < kFreeFiles)
        throw Unavailable{"nas.full",
                          where + " has no room for more files: its inodes are used up, whatever the free space. Remove small files there"};
}

}  // namespace mediaferry::archive::guard
