// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/calls.h"
#include "common/files/store.h"

namespace mediaferry::files {

namespace {

class FolderWalk : public Walking {
public:
    FolderWalk(const Tree& tree, Walk::Skip skip) : walk_(tree, std::move(skip)) {}
    const Found* next() override { return walk_.next(); }

private:
    Walk walk_;
};

}  // namespace

Digests Store::copy_in(int source, const fs::path& name, Timestamp modified, const Stop& stop, const Moved& moved) const {
    const auto file = write_in(source, name, modified, stop, moved);
    try {
        file->settle();
    } catch (const Unavailable&) {
        throw;  // what is unfinished is removed by the next run; asking again would only wait for the same answer
    } catch (...) {
        try {
            remove(name);
        } catch (const Error&) {
            // The first error says more.
        }
        throw;
    }
    return file->digests();
}

Digests Store::copy_out(const fs::path& name, const Tree& home, const fs::path& to, Timestamp modified, const Stop& stop, const Moved& moved) const {
    return settled(write_out(name, home, to, modified, stop, moved), home, to);
}

std::unique_ptr<Walking> Folder::walk(Walk::Skip skip) const { return std::make_unique<FolderWalk>(tree_, std::move(skip)); }

Digests Folder::digest(const fs::path& name, const Stop& stop) const {
    return digest_open_file(tree_.open_read(name).get(), (root() / name).string(), stop);
}

std::unique_ptr<Arriving> Folder::write_out(const fs::path& name, const Tree& home, const fs::path& to, Timestamp modified, const Stop& stop,
                                            const Moved& moved) const {
    const auto source = tree_.open_read(name);
    return files::write_in(bytes_of(source.get(), "cannot read", (root() / name).string()), home, to, modified, stop, moved);
}

std::unique_ptr<Arriving> Folder::write_in(int source, const fs::path& name, Timestamp modified, const Stop& stop, const Moved& moved) const {
    return files::write_in(bytes_of(source, "cannot read what is to be copied to", (root() / name).string()), tree_, name, modified, stop, moved);
}

void Folder::write_new(const fs::path& name, std::string_view content) const {
    const auto shown = (root() / name).string();
    auto file = tree_.create_new(name);
    calls::write_all(file.get(), content, shown);
    calls::sync(file.get(), shown);
    file.close_checked(shown);
}

void Folder::make_durable(const fs::path& name) const {
    const auto shown = (root() / name).string();
    const auto reading = tree_.open_read(name);
    // A CIFS client ignores fsync on a descriptor that was not opened for writing, so the same inode is opened once more, for writing if that is
    // allowed.
    const Descriptor writing{::open(("/proc/self/fd/" + std::to_string(reading.get())).c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK)};
    if (MF_AROUND("archive.adopt.fsync", ::fsync(writing ? writing.get() : reading.get())) != 0) throw_errno(errno, "syncing", shown);
    tree_.sync_directory(name.parent_path());
}

/// Device and inode of the held root and of what the path leads to now. The mount id tells apart two mounts of one file system.
bool Folder::still_there() const {
    struct stat held {
    }, found{};
    if (::fstat(tree_.descriptor(), &held) != 0) throw_errno(errno, "looking at", root().string());
    if (::stat(root().c_str(), &found) != 0) return false;
    return held.st_dev == found.st_dev && held.st_ino == found.st_ino && Tree::identity_of(root()) == tree_.identity();
}

Store::Condition Folder::condition() const {
    struct statvfs space {};
    if (::fstatvfs(tree_.descriptor(), &space) != 0) throw_errno(errno, "asking for the free space of", root().string());
    Condition now;
    now.free = {static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize};
    now.total = {static_cast<std::uint64_t>(space.f_blocks) * space.f_frsize};
    // f_files is 0 where the file system has no fixed number of them (btrfs, CIFS).
    if (space.f_files != 0) now.free_files = space.f_favail;
    now.read_only = (space.f_flag & ST_RDONLY) != 0;
    if (!now.read_only && ::faccessat(tree_.descriptor(), ".", W_OK | X_OK, AT_EACCESS) != 0) (errno == EROFS ? now.read_only : now.denied) = true;
    return now;
}

std::string Folder::place() const {
    const auto identity = tree_.identity();
    return R"({"device": )" + std::to_string(identity.device) + R"(, "mount": )" + std::to_string(identity.mount) + "}";
}

bool Folder::is_same_file(int file, const struct stat& found) const {
    struct stat held {};
    if (::fstat(file, &held) != 0) throw_errno(errno, "looking at the original of a file in", root().string());
    return held.st_dev == found.st_dev && held.st_ino == found.st_ino;
}

}  // namespace mediaferry::files
