#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What lies in a tree, as an index: one SQLite file on a local disk, in the state directory. Of the archive's, a copy is published beside the
// photos (publish.h). It is derived: whatever happens to it, media.db and a scan make it again.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::archive_index {

enum class Class {
    original,  ///< archived by a mediaferry
    foreign,   ///< anything else that lies there; our own books (SHA256SUMS, capsules) are not in the index
};
std::string_view to_text(Class);

struct Row {
    std::string path;  ///< relative, '/' between folders; any bytes
    Bytes size;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
    std::optional<Sha256> sha256;
    Timestamp first_seen;               ///< these bytes, under this name
    std::optional<Timestamp> verified;  ///< last time the bytes were read past the cache (or hashed, for a foreign file)
    Class file_class = Class::foreign;

    bool looks_like(Bytes other_size, std::int64_t other_modified_ns, std::uint64_t other_inode) const {
        return size == other_size && modified_ns == other_modified_ns && inode == other_inode;
    }
};

/// A book of ours as it was last written into the archive: what rots there is found by it.
struct Book {
    std::string path;
    Sha256 sha256;
    std::int64_t modified_ns = 0;
    std::optional<Timestamp> checked;  ///< when its bytes were last read past the cache; absent: not since it was written
};

class Index {
public:
    /// Makes it if it is not there; one that is damaged or of another version is made afresh. Throws Unavailable ("index.locked", "index.io", …).
    static Index open(const fs::path& file);
    /// As open(), and reads all of it before it is believed: for who reads the whole archive anyway.
    static Index open_whole(const fs::path& file);
    /// Damage was met in the middle: the next open() makes it afresh.
    void condemn() const;
    /// nullopt: there is none that can be read.
    static std::optional<Index> open_to_read(const fs::path& file);
    ~Index();
    Index(Index&&) noexcept;
    Index& operator=(Index&&) noexcept;

    /// Adds or replaces. first_seen stays when the content did; the checksums of the folder are then to be written (stale_folders).
    void put(const Row&);
    void remove(std::string_view path);
    std::optional<Row> at(std::string_view path) const;
    std::int64_t count() const;
    /// Rows of the files directly in a folder ("" for the root), by path.
    std::vector<Row> in_folder(std::string_view folder) const;

    /// Paths after `from` up to and with `to` (absent: to the end), in order.
    std::vector<std::string> paths_between(std::string_view from, const std::optional<std::string>& to) const;

    /// Folders whose SHA256SUMS no longer says what the index says; kept with the rows, so that a crash forgets none.
    std::vector<std::string> stale_folders() const;
    void mended(std::string_view folder);

    /// Since the last publish(): kept with the rows too.
    bool has_changed() const;
    void is_published();

    std::optional<std::string> note(std::string_view key) const;
    void set_note(std::string_view key, std::string_view value);

    /// Every book that this house wrote, the ones not read for longest first.
    std::vector<Book> books() const;
    std::optional<Book> book(std::string_view path) const;
    void put_book(const Book&);
    void forget_book(std::string_view path);
    /// The folder's SHA256SUMS is to be written again.
    void make_stale(std::string_view folder);

    /// Rows of another index whose paths this one does not know. Returns how many were taken.
    std::int64_t take_unknown_from(const fs::path& other);
    /// A consistent copy in one new file.
    void snapshot_to(const fs::path&) const;
    const fs::path& file() const;

    /// Several changes at once, or none of them.
    class Change {
    public:
        explicit Change(Index&);
        ~Change();
        void commit();

    private:
        struct Impl;
        std::unique_ptr<Impl> impl_;
    };

    /// Every row in the order of paths as bytes, one at a time.
    class Rows {
    public:
        explicit Rows(const Index&);
        ~Rows();
        const Row* next();  ///< nullptr: no more

    private:
        struct Impl;
        std::unique_ptr<Impl> impl_;
    };

    struct Impl;
    Impl& impl() const { return *impl_; }

private:
    explicit Index(std::unique_ptr<Impl>);
    std::unique_ptr<Impl> impl_;
};

/// "a/b" of "a/b/c.jpg"; "" for a file at the root.
std::string_view folder_of(std::string_view path);

}  // namespace mediaferry::archive_index
