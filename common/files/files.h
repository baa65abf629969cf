#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The only ways in which bytes move in this house: hash, copy, read back, make visible, move. Nothing here overwrites.
// Local trouble throws TransientError with the code file.<what> (file.full, file.read_only, file.io, file.denied, file.exists, file.missing).

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/errors/errors.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::files {

/// Owns a file descriptor.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor();
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&&) noexcept;
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    /// Gives the number away: its new owner closes it.
    int release() { return std::exchange(fd_, -1); }
    /// close(2), and what it says: on a network file system the last write errors come here.
    void close_checked(const std::string& name_for_errors);

private:
    int fd_ = -1;
};

/// Throws the error that fits `error_number` (an errno): TransientError or Unavailable (ESTALE, ENOTCONN, EHOSTDOWN, ENODEV).
[[noreturn]] void throw_errno(int error_number, const std::string& doing, const std::string& path);

/// Runs `work`; what the library behind fs throws is thrown as this folder words it (file.full, file.io, …), a want of memory as OutOfMemory.
template <class Work>
decltype(auto) in_our_words(Work&& work) {
    try {
        return work();
    } catch (const fs::filesystem_error& error) {
        throw_errno(error.code().value(), "cannot use", error.path1().string());
    } catch (const std::bad_alloc&) {
        throw OutOfMemory{};
    }
}

// ---- the folders of the house -----------------------------------------------------------------------------------------

/// From now on every path below one of these folders that is given to any function here is walked by descriptors from that folder on: it never
/// leaves it and never crosses a symbolic link ("file.refused"). Others can write there (icloudpd, Syncthing, whoever shares the disk). The
/// folders themselves may be links, that is the user's business. Adds to what was given before.
void keep_within(const std::vector<fs::path>& folders);

/// What lies at the path, a link not followed; nullopt: nothing.
std::optional<struct stat> status_of(const fs::path&);
/// Whether a regular file lies there.
bool is_file(const fs::path&);
/// Absent is fine.
void remove_file(const fs::path&);
void set_modified(const fs::path&, Timestamp);
/// To the nanosecond.
void set_modified(const fs::path&, timespec);
/// Its first bytes, at most `size`.
std::string read_head(const fs::path&, std::size_t size);
/// Renames over what is there; for the one replacement of a proven small copy by another.
void replace_file(const fs::path& from, const fs::path& to);
/// Gives the file at `to` what is not content of the one at `from`: owner and group, mode, access control list and other extended attributes, times
/// of access and modification to the nanosecond. Only what this user may give, and the file system holds; returns the names of what it could not.
std::vector<std::string> carry_attributes(const fs::path& from, const fs::path& to);
/// Extended attributes of the "user." kind alone.
void carry_user_attributes(const fs::path& from, const fs::path& to);
/// "a folder", "a symbolic link", "a pipe", …
const char* kind_of(mode_t);
/// A name from outside as it may be shown: control characters and what is no UTF-8 as \x1b.
std::string printable(std::string_view);

// ---- hashing ------------------------------------------------------------------------------------------------------

/// What the bytes are; all in one pass.
struct Digests {
    Sha256 sha256;
    /// base64(0x01 || SHA1("com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0" || bytes)), unpadded; facts/icloud.md 0.1. "" where it was
    /// not asked for.
    std::string apple_checksum;
    Bytes size;
    /// By content: whether Apple's checksum was asked for does not matter.
    friend bool operator==(const Digests& a, const Digests& b) { return a.sha256 == b.sha256 && a.size == b.size; }
};

/// Apple's checksum is a second hash over the same bytes, and costs nearly as much as the first.
enum class Checksums { with_apple, sha256_only };

/// Feeds bytes piece by piece; take() once at the end.
class Digester {
public:
    explicit Digester(Checksums = Checksums::with_apple);
    ~Digester();
    Digester(Digester&&) noexcept;
    Digester& operator=(Digester&&) noexcept;
    void add(std::string_view bytes);
    Digests take();

private:
    struct Impl;
    Impl* impl_;
};

Digests digest_file(const fs::path&);
/// Of an open file, from its beginning; without Apple's checksum. `stop` true throws Interrupted.
Digests digest_open_file(int file, const std::string& shown, const std::function<bool()>& stop = {});
Digests digest_bytes(std::string_view);

// ---- a directory tree held by its descriptor -------------------------------------------------------------------------

/// Everything below one directory, reached through a descriptor held on it. Names are relative; a name that would leave the
/// tree, cross a symbolic link or another mount is refused by the kernel (openat2: BENEATH, NO_SYMLINKS, NO_XDEV).
class Tree {
public:
    /// Throws Unavailable ("file.missing") when `root` is not an existing directory.
    static Tree open(const fs::path& root);

    const fs::path& root() const { return root_; }
    int descriptor() const { return fd_.get(); }

    Descriptor open_read(const fs::path& name) const;                       ///< throws file.refused for what is no regular file
    Descriptor create_new(const fs::path& name, mode_t mode = 0644) const;  ///< O_EXCL; throws file.exists
    std::optional<struct stat> status(const fs::path& name) const;          ///< lstat; nullopt: not there
    void make_directories(const fs::path& name) const;                      ///< and fsyncs each parent of a new one
    void rename_new(const fs::path& from, const fs::path& to) const;  ///< throws file.exists, never overwrites (RENAME_NOREPLACE, else link+unlink)
    void replace(const fs::path& from, const fs::path& to) const;     ///< renames over what is there: for our own books, never for a photo
    void remove(const fs::path& name) const;                          ///< a file; absent is fine
    void remove_empty_directory(const fs::path& name) const;          ///< not empty or absent is fine
    void sync_directory(const fs::path& name) const;                  ///< fsync of a directory; "" = root
    std::vector<std::string> list(const fs::path& name) const;        ///< names in one directory, sorted
    std::string read_small(const fs::path& name, std::size_t limit = 1 << 16) const;
    /// device, mount id: changes when something else is mounted over or unmounted under us.
    struct Identity {
        std::uint64_t device = 0;
        std::uint64_t mount = 0;
        friend bool operator==(const Identity&, const Identity&) = default;
    };
    Identity identity() const;                                    ///< of the held descriptor
    static std::optional<Identity> identity_of(const fs::path&);  ///< of whatever is at the path now

private:
    Tree(fs::path root, Descriptor fd) : root_(std::move(root)), fd_(std::move(fd)) {}
    fs::path root_;
    Descriptor fd_;
};

// ---- copying --------------------------------------------------------------------------------------------------------

/// A new file on its way: complete and hashed, but not flushed. Several can be on their way at once: the flush of the first then does the work
/// of all. Who asked for it removes it when it is not wanted.
class Arriving {
public:
    virtual ~Arriving() = default;
    virtual const Digests& digests() const = 0;
    /// Waits until its bytes have left for the device: what settle() of this and others flushes then is one commit of the file system.
    virtual void depart() = 0;
    /// Flushed through the descriptor that wrote it and closed, both checked. Before that, it is not there.
    virtual void settle() = 0;
};

/// What `read` gives: up to `size` bytes a time, 0 at the end.
using Source = std::function<std::size_t(char* into, std::size_t size)>;
/// Writes it into the new file `name` in `to`, hashing what was read, sets its modification time, and has the kernel begin to write it out. On any
/// failure the new file is removed. `stop` true throws Interrupted. `moved` is told the bytes of each block as they go.
std::unique_ptr<Arriving> write_in(const Source& read, const Tree& to, const fs::path& name, Timestamp modified,
                                   const std::function<bool()>& stop = {}, const std::function<void(Bytes)>& moved = {},
                                   Checksums = Checksums::sha256_only);
/// Settles what was written as `name` in `to`; on any failure the new file is removed.
Digests settled(const std::unique_ptr<Arriving>&, const Tree& to, const fs::path& name);
/// Written and settled.
Digests copy_in(const Source& read, const Tree& to, const fs::path& name, Timestamp modified, const std::function<bool()>& stop = {},
                const std::function<void(Bytes)>& moved = {}, Checksums = Checksums::sha256_only);
/// Of the open `source`.
Digests copy_in(int source, const Tree& to, const fs::path& name, Timestamp modified, const std::function<bool()>& stop = {},
                const std::function<void(Bytes)>& moved = {}, Checksums = Checksums::sha256_only);
/// The open file from its beginning, piece by piece. `doing` is for the error text: "cannot read …".
Source bytes_of(int file, const std::string& doing, const std::string& shown);

/// Bytes as the storage gives them, not as the page cache remembers them.
struct ReadBack {
    Digests digests;              ///< without Apple's checksum
    std::string method;           ///< "direct" (O_DIRECT), "evicted" (pages dropped, absence checked with mincore), "cached" or "memory" (tmpfs)
    bool past_the_cache = false;  ///< false: the pages could not be dropped; this reading proves nothing
};
ReadBack read_back(const Tree&, const fs::path& name, const std::function<bool()>& stop = {});

/// Moves a file without overwriting: rename within a file system, else verified copy then unlink. Both directories are fsynced.
void move_file(const fs::path& from, const fs::path& to);

/// Makes `to` the same content as `from` without copying bytes where the file system can: "reflink", else "link" if `may_link`, else "copy".
/// fsynced. Returns the word for what was done. Throws file.exists.
std::string share_file(const fs::path& from, const fs::path& to, bool may_link);

/// Writes, fsyncs, renames over: the one place that replaces, for our own small state files.
void replace_small_file(const fs::path&, std::string_view content, mode_t mode = 0600);
std::string read_small_file(const fs::path&, std::size_t limit = 1 << 20);
void sync_directory(const fs::path&);
/// fsyncs an existing file.
void sync_file(const fs::path&);
/// Makes the directory and what is missing above it; each parent of a new one is fsynced.
void make_directories(const fs::path&);
/// ".mediaferry-<16 random hex digits>.part": the name of every file of ours that is not complete yet.
std::string temporary_name();
bool is_temporary_name(std::string_view file_name);

/// First free name: "IMG_1.JPG", "IMG_1-2.JPG", "IMG_1-3.JPG", …; `taken` says whether a name is in use (case-insensitively is up to it).
/// A stem that would be too long with its number is shortened: 255 bytes are what file systems take.
fs::path free_name(const fs::path& wanted, const std::function<bool(const fs::path&)>& taken);
/// A name that is safe as one path component everywhere: no separators, control characters, `: * ? " < > |`, no leading dot or trailing dot or
/// space, valid UTF-8, at most 200 bytes with its extension kept. Never empty.
std::string safe_name(std::string_view);

// ---- placeholders ---------------------------------------------------------------------------------------------------

/// A sparse file of `size` at `path` that stands for one taken away, so that icloudpd does not fetch it again. Replaces atomically what is there.
void make_placeholder(const fs::path& path, Bytes size, Timestamp modified);
/// A regular file with size > 0 and no block of data. (An empty file is never one.)
bool looks_like_placeholder(const fs::path&);

// ---- locks, space ---------------------------------------------------------------------------------------------------

/// flock on a file, held while it lives; the kernel frees it when the process dies.
class Lock {
public:
    /// nullopt: somebody else holds it. Creates the file (and its directory) if needed.
    static std::optional<Lock> try_take(const fs::path&);

private:
    explicit Lock(Descriptor fd) : fd_(std::move(fd)) {}
    Descriptor fd_;
};

struct Space {
    Bytes free;
    std::uint64_t free_files = 0;  ///< inodes; a huge number where the file system has none to count
};
Space free_space(const fs::path&);
/// "ext4", "nfs", "cifs", "tmpfs", …, or the number in hex.
std::string file_system_type(const fs::path&);
bool is_network_file_system(const fs::path&);
/// Whether a program stands between us and the storage (FUSE): what it answers from its memory, or from the cache of a disk below it, nobody can evict.
bool goes_through_fuse(int fd);

}  // namespace mediaferry::files
