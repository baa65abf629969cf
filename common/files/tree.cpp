// SPDX-License-Identifier: GPL-3.0-or-later
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {
namespace {

std::string shown(const Tree& tree, const fs::path& name) { return (tree.root() / name).string(); }

/// The directory that holds `name`, opened inside the tree, and the last component. Calls that change something are made on this
/// pair, so that no path is walked a second time. An empty descriptor: the directory is not there.
struct Spot {
    Descriptor directory;
    std::string leaf;
};

Spot find_spot(const Tree& tree, const fs::path& name) {
    Spot spot;
    spot.leaf = name.filename().string();
    if (spot.leaf.empty() || spot.leaf == "." || spot.leaf == ".." || spot.leaf == "/") {
        throw TransientError{"file.refused", "'" + name.string() + "' is not the name of a file below " + tree.root().string()};
    }
    const int fd = calls::open_beneath(tree.descriptor(), name.parent_path(), O_PATH | O_DIRECTORY);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR) throw_errno(errno, "cannot reach", shown(tree, name));
    spot.directory = Descriptor{fd};
    return spot;
}

Spot spot_of(const Tree& tree, const fs::path& name) {
    Spot spot = find_spot(tree, name);
    if (!spot.directory) throw_errno(ENOENT, "no folder for", shown(tree, name));
    return spot;
}

std::optional<Tree::Identity> identity_at(int directory, const char* name, int flags) {
    struct statx answer {};
    if (::statx(directory, name, flags, STATX_TYPE | STATX_INO | STATX_MNT_ID, &answer) != 0) return std::nullopt;
    return Tree::Identity{makedev(answer.stx_dev_major, answer.stx_dev_minor), (answer.stx_mask & STATX_MNT_ID) != 0 ? answer.stx_mnt_id : 0};
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

}  // namespace

void calls::make_steps(int directory, const fs::path& name, const fs::path& root, Mounts mounts) {
    Descriptor held;
    int parent = directory;
    fs::path so_far;
    for (const fs::path& part : name) {
        if (part == "." || part.empty()) continue;
        so_far /= part;
        const auto shown_so_far = [&] { return (root / so_far).string(); };
        int fd = open_beneath(parent, part, O_RDONLY | O_DIRECTORY, 0, mounts);
        if (fd < 0 && errno == ENOENT) {
            if (MF_AROUND("files.mkdir", ::mkdirat(parent, part.c_str(), 0755)) != 0 && errno != EEXIST)
                throw_errno(errno, "cannot create the folder", shown_so_far());
            sync(parent, (root / so_far.parent_path()).string());
            fd = open_beneath(parent, part, O_RDONLY | O_DIRECTORY, 0, mounts);
        }
        if (fd < 0) throw_errno(errno, "cannot use the folder", shown_so_far());
        held = Descriptor{fd};
        parent = held.get();
    }
}

Tree Tree::open(const fs::path& root) {
    const int fd = calls::open_path(root, O_RDONLY | O_DIRECTORY);
    if (fd >= 0) return Tree{root, Descriptor{fd}};
    if (errno == ENOENT || errno == ENOTDIR)
        throw Unavailable{"file.missing", "no folder " + root.string() + ": create it, or mount what belongs there"};
    throw_errno(errno, "cannot open the folder", root.string());
}

Descriptor Tree::open_read(const fs::path& name) const { return calls::open_regular(fd_.get(), name, shown(*this, name)); }

Descriptor Tree::create_new(const fs::path& name, mode_t mode) const {
    const int fd = MF_AROUND("files.create", calls::open_beneath(fd_.get(), name, O_WRONLY | O_CREAT | O_EXCL, mode));
    if (fd < 0) throw_errno(errno, "cannot create", shown(*this, name));
    return Descriptor{fd};
}

std::optional<struct stat> Tree::status(const fs::path& name) const {
    struct stat found {};
    if (name.empty()) {
        if (::fstat(fd_.get(), &found) != 0) throw_errno(errno, "cannot look at", root_.string());
        return found;
    }
    const Spot spot = find_spot(*this, name);
    if (!spot.directory) return std::nullopt;
    if (::fstatat(spot.directory.get(), spot.leaf.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) return found;
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw_errno(errno, "cannot look at", shown(*this, name));
}

void Tree::make_directories(const fs::path& name) const { calls::make_steps(fd_.get(), name, root_, calls::Mounts::stay); }

void Tree::rename_new(const fs::path& from, const fs::path& to) const {
    const Spot source = spot_of(*this, from);
    const Spot target = spot_of(*this, to);
    calls::rename_new(source.directory.get(), source.leaf, target.directory.get(), target.leaf, shown(*this, to));
}

void Tree::replace(const fs::path& from, const fs::path& to) const {
    const Spot source = spot_of(*this, from);
    const Spot target = spot_of(*this, to);
    if (::renameat(source.directory.get(), source.leaf.c_str(), target.directory.get(), target.leaf.c_str()) != 0)
        throw_errno(errno, "cannot replace", shown(*this, to));
}

void Tree::remove(const fs::path& name) const {
    const Spot spot = find_spot(*this, name);
    if (!spot.directory) return;
    if (MF_AROUND("files.unlink", ::unlinkat(spot.directory.get(), spot.leaf.c_str(), 0)) != 0 && errno != ENOENT)
        throw_errno(errno, "cannot remove", shown(*this, name));
}

void Tree::remove_empty_directory(const fs::path& name) const {
    const Spot spot = find_spot(*this, name);
    if (!spot.directory) return;
    if (MF_AROUND("files.rmdir", ::unlinkat(spot.directory.get(), spot.leaf.c_str(), AT_REMOVEDIR)) == 0) return;
    if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST) throw_errno(errno, "cannot remove the folder", shown(*this, name));
}

void Tree::sync_directory(const fs::path& name) const {
    const int fd = calls::open_beneath(fd_.get(), name, O_RDONLY | O_DIRECTORY);
    if (fd < 0) throw_errno(errno, "cannot open the folder", shown(*this, name));
    const Descriptor directory{fd};
    calls::sync(fd, shown(*this, name));
}

std::vector<std::string> Tree::list(const fs::path& name) const {
    const int fd = calls::open_beneath(fd_.get(), name, O_RDONLY | O_DIRECTORY);
    if (fd < 0) throw_errno(errno, "cannot list", shown(*this, name));
    const std::unique_ptr<DIR, CloseDirectory> directory{::fdopendir(fd)};
    if (!directory) {
        const int why = errno;
        ::close(fd);
        throw_errno(why, "cannot list", shown(*this, name));
    }
    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(directory.get());
        if (entry == nullptr) break;
        const std::string_view text = entry->d_name;
        if (text != "." && text != "..") names.emplace_back(text);
    }
    if (errno != 0) throw_errno(errno, "cannot list", shown(*this, name));
    std::sort(names.begin(), names.end());
    return names;
}

std::string Tree::read_small(const fs::path& name, std::size_t limit) const {
    return calls::read_whole(open_read(name).get(), limit, shown(*this, name));
}

Tree::Identity Tree::identity() const {
    const auto identity = identity_at(fd_.get(), "", AT_EMPTY_PATH);
    if (!identity) throw_errno(errno, "cannot look at", root_.string());
    return *identity;
}

std::optional<Tree::Identity> Tree::identity_of(const fs::path& path) { return identity_at(AT_FDCWD, path.c_str(), 0); }

}  // namespace mediaferry::files
