// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {

Source bytes_of(int file, const std::string& doing, const std::string& shown) {
    ::posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
    return [file, doing, shown, at = off_t{0}](char* into, std::size_t size) mutable {
        const ssize_t got = calls::read_at(file, into, size, at);
        if (got < 0) throw_errno(errno, doing, shown);
        at += got;
        return static_cast<std::size_t>(got);
    };
}

Digests copy_in(int source, const Tree& to, const fs::path& name, Timestamp modified, const std::function<bool()>& stop,
                const std::function<void(Bytes)>& moved, Checksums wanted) {
    return copy_in(bytes_of(source, "cannot read what is to be copied to", (to.root() / name).string()), to, name, modified, stop, moved, wanted);
}

namespace {

/// Half of what is written would otherwise wait in memory for the flush.
constexpr std::uint64_t kWriteOutEach = 8U << 20;

/// A hint: a file system without it, or a pipe's worth of memory, is flushed all the same.
void begin_to_write_out(int fd) { ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

class ArrivingFile : public Arriving {
public:
    ArrivingFile(Descriptor file, Digests digests, std::string shown) : file_(std::move(file)), digests_(std::move(digests)), shown_(std::move(shown)) {}
    const Digests& digests() const override { return digests_; }

    void depart() override {
        constexpr unsigned all = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
        if (::sync_file_range(file_.get(), 0, 0, all) == 0 || errno == EINVAL || errno == ENOSYS || errno == ESPIPE || errno == EINTR) return;
        // It was told here, and fsync will not tell it once more.
        throw_errno(errno, "cannot write", shown_);
    }

    void settle() override {
        // Through the descriptor that wrote: a CIFS client ignores fsync on one that was opened for reading.
        MF_AROUND("files.copy.fsync", calls::sync(file_.get(), shown_));
        file_.close_checked(shown_);
    }

private:
    Descriptor file_;
    Digests digests_;
    std::string shown_;
};

void remove_again(const Tree& tree, const fs::path& name) {
    try {
        tree.remove(name);
    } catch (const Error&) {
        // The share is gone or full of errors; the first error says so. Cleanup removes the unfinished file later.
    }
}

}  // namespace

std::unique_ptr<Arriving> write_in(const Source& read, const Tree& to, const fs::path& name, Timestamp modified, const std::function<bool()>& stop,
                                   const std::function<void(Bytes)>& moved, Checksums wanted) {
    const std::string shown = (to.root() / name).string();
    Descriptor target = MF_AROUND("files.copy.create", to.create_new(name));
    try {
        // One buffer a thread: this comes for every small file, and a fresh megabyte costs more than the file.
        thread_local const auto block = calls::aligned_block();
        Digester digester{wanted};
        std::uint64_t waiting = 0;
        for (;;) {
            if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while copying to " + shown};
            const std::size_t got = read(block.get(), calls::kBlock);
            if (got == 0) break;
            const std::string_view piece{block.get(), got};
            digester.add(piece);
            MF_AROUND("files.copy.write", calls::write_all(target.get(), piece, shown));
            if (moved) moved({piece.size()});
            if ((waiting += got) >= kWriteOutEach) begin_to_write_out(target.get()), waiting = 0;
        }
        calls::set_modified(target.get(), {modified.time_since_epoch().count(), 0}, shown);
        begin_to_write_out(target.get());
        return std::make_unique<ArrivingFile>(std::move(target), digester.take(), shown);
    } catch (...) {
        target = {};
        remove_again(to, name);
        throw;
    }
}

Digests settled(const std::unique_ptr<Arriving>& file, const Tree& to, const fs::path& name) {
    try {
        file->settle();
    } catch (...) {
        remove_again(to, name);
        throw;
    }
    return file->digests();
}

Digests copy_in(const Source& read, const Tree& to, const fs::path& name, Timestamp modified, const std::function<bool()>& stop,
                const std::function<void(Bytes)>& moved, Checksums wanted) {
    return settled(write_in(read, to, name, modified, stop, moved, wanted), to, name);
}

namespace {

timespec modified_of(int fd, const fs::path& path) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) throw_errno(errno, "cannot look at", path.string());
    return found.st_mtim;
}

/// Shares the blocks of `source` with a new file. False: this file system cannot.
bool reflink(int source, const Tree& directory, const std::string& name, timespec modified) {
    const std::string shown = (directory.root() / name).string();
    Descriptor target = directory.create_new(name);
    if (MF_AROUND("files.share.reflink", ::ioctl(target.get(), FICLONE, source)) != 0) {
        const int why = errno;
        directory.remove(name);
        if (why == ENOSPC || why == EDQUOT || why == EIO || why == EROFS) throw_errno(why, "cannot write", shown);
        return false;
    }
    calls::set_modified(target.get(), modified, shown);
    calls::sync(target.get(), shown);
    target.close_checked(shown);
    return true;
}

bool is_the_same(int file, const Tree& directory, const std::string& name) {
    struct stat held {};
    const auto found = directory.status(name);
    return found && ::fstat(file, &held) == 0 && held.st_dev == found->st_dev && held.st_ino == found->st_ino;
}

bool can_be_copied_instead(int why) { return why == EXDEV || why == EPERM || why == EMLINK || why == EOPNOTSUPP || why == ENOSYS || why == EINVAL; }

}  // namespace

std::string share_file(const fs::path& from, const fs::path& to, bool may_link) {
    make_directories(to.parent_path());
    const auto parent_of = [](const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; };
    const Tree home = Tree::open(parent_of(from));
    const Tree directory = Tree::open(parent_of(to));
    const std::string name = to.filename().string();
    if (directory.status(name)) throw_errno(EEXIST, "cannot create", to.string());
    const Descriptor source = home.open_read(from.filename());
    const timespec modified = modified_of(source.get(), from);
    calls::sync(source.get(), from.string());

    const std::string unfinished = temporary_name();
    std::string done = "reflink";
    if (!reflink(source.get(), directory, unfinished, modified)) {
        if (may_link) {
            if (MF_AROUND("files.share.link", ::linkat(home.descriptor(), from.filename().c_str(), directory.descriptor(), name.c_str(), 0)) == 0) {
                if (!is_the_same(source.get(), directory, name)) {
                    directory.remove(name);
                    throw TransientError{"file.changed", from.string() + " was replaced by another file while it was being linked"};
                }
                directory.sync_directory("");
                return "link";
            }
            if (!can_be_copied_instead(errno)) throw_errno(errno, "cannot link", to.string());
        }
        copy_in(source.get(), directory, unfinished, Timestamp{std::chrono::seconds{modified.tv_sec}});
        done = "copy";
    }
    try {
        MF_AROUND("files.share.rename", directory.rename_new(unfinished, name));
    } catch (...) {
        directory.remove(unfinished);
        throw;
    }
    directory.sync_directory("");
    return done;
}

}  // namespace mediaferry::files
