// SPDX-License-Identifier: GPL-3.0-or-later
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <limits>
#include <sstream>

#include "common/files/files.h"

namespace mediaferry::files {

Space free_space(const fs::path& path) {
    struct statvfs about {};
    while (::statvfs(path.c_str(), &about) != 0) {
        if (errno != EINTR) throw_errno(errno, "cannot ask for the free space of", path.string());
    }
    Space space;
    space.free = {static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize};
    // btrfs, FAT and many shares make inodes as they go and report none.
    space.free_files = about.f_files == 0 ? std::numeric_limits<std::uint64_t>::max() : about.f_favail;
    return space;
}

namespace {

struct Known {
    std::uint64_t magic;
    const char* name;
};
// Those that linux/magic.h does not name have their number from the file system's own source.
constexpr std::array kKnown{Known{EXT4_SUPER_MAGIC, "ext4"},  Known{BTRFS_SUPER_MAGIC, "btrfs"}, Known{XFS_SUPER_MAGIC, "xfs"},
                            Known{TMPFS_MAGIC, "tmpfs"},      Known{RAMFS_MAGIC, "ramfs"},       Known{F2FS_SUPER_MAGIC, "f2fs"},
                            Known{0x2FC12FC1, "zfs"},         Known{0xca451a4e, "bcachefs"},     Known{OVERLAYFS_SUPER_MAGIC, "overlay"},
                            Known{MSDOS_SUPER_MAGIC, "vfat"}, Known{0x2011BAB0, "exfat"},        Known{0x7366746e, "ntfs3"},
                            Known{NFS_SUPER_MAGIC, "nfs"},    Known{0xFF534D42, "cifs"},         Known{0xFE534D42, "cifs"},
                            Known{SMB_SUPER_MAGIC, "smb"},    Known{V9FS_MAGIC, "9p"},           Known{CEPH_SUPER_MAGIC, "ceph"},
                            Known{AFS_SUPER_MAGIC, "afs"},    Known{CODA_SUPER_MAGIC, "coda"},   Known{0x19830326, "fhgfs"}};

constexpr std::uint64_t kFuse = 0x65735546;

/// The type that /proc/self/mountinfo gives for a mount ("fuse.sshfs"); "" when it does not list it.
std::string type_of_mount(std::uint64_t mount) {
    std::ifstream table("/proc/self/mountinfo");
    table.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would end before what it has no room for
    for (std::string line; std::getline(table, line);) {
        std::istringstream fields(line);
        std::uint64_t id = 0;
        if (!(fields >> id) || id != mount) continue;
        const auto separator = line.find(" - ");
        if (separator == std::string::npos) return {};
        return line.substr(separator + 3, line.find(' ', separator + 3) - separator - 3);
    }
    return {};
}

}  // namespace

std::string file_system_type(const fs::path& path) {
    struct statfs about {};
    while (::statfs(path.c_str(), &about) != 0) {
        if (errno != EINTR) throw_errno(errno, "cannot ask for the file system of", path.string());
    }
    const auto magic = static_cast<std::uint64_t>(about.f_type) & 0xFFFFFFFF;
    for (const Known& known : kKnown) {
        if (known.magic == magic) return known.name;
    }
    if (magic == kFuse) {
        // Every FUSE file system has the same number; a share and a local disk differ by name only.
        const auto identity = Tree::identity_of(path);
        const std::string type = identity ? type_of_mount(identity->mount) : "";
        return type.empty() ? "fuse" : type;
    }
    std::ostringstream hex;
    hex << "0x" << std::hex << magic;
    return hex.str();
}

bool goes_through_fuse(int fd) {
    struct statfs about {};
    return ::fstatfs(fd, &about) == 0 && (static_cast<std::uint64_t>(about.f_type) & 0xFFFFFFFF) == kFuse;
}

bool is_network_file_system(const fs::path& path) {
    const std::string type = file_system_type(path);
    for (const char* remote : {"nfs", "cifs", "smb", "9p", "ceph", "afs", "coda", "fhgfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.glusterfs",
                               "fuse.davfs", "fuse.davfs2", "fuse.curlftpfs", "fuse.smbnetfs", "fuse.ceph"}) {
        if (type == remote) return true;
    }
    return false;
}

}  // namespace mediaferry::files
