#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A tree of files wherever it lies: a folder here (mounted or not), or a share that is spoken to without a mount (common/smb). What is promised
// is said here once; tests/contract/store holds every kind of store to it. Names are relative and never lead out of the tree.
//
// Throws what files.h throws; a store that is away as a whole throws Unavailable.

#include <sys/stat.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/files.h"
#include "common/files/walk.h"

namespace mediaferry::files {

/// Every file of a store, in the order of whole paths as bytes.
class Walking {
public:
    virtual ~Walking() = default;
    /// Nullptr: no more.
    virtual const Found* next() = 0;
};

class Store {
public:
    using Stop = std::function<bool()>;
    using Moved = std::function<void(Bytes)>;

    virtual ~Store() = default;

    /// As a person knows it: "/mnt/nas/photos", "smb://nas/photos". For texts.
    virtual const fs::path& root() const = 0;

    // ---- looking
    virtual std::optional<struct stat> status(const fs::path& name) const = 0;  ///< a link not followed; nullopt: not there
    virtual std::vector<std::string> list(const fs::path& name) const = 0;      ///< names in one directory, sorted
    virtual std::unique_ptr<Walking> walk(Walk::Skip) const = 0;                ///< throws when the root itself cannot be listed
    virtual std::string read_small(const fs::path& name, std::size_t limit = 1 << 16) const = 0;
    /// What its bytes are (SHA-256 and size); good enough to tell files apart, never a proof.
    virtual Digests digest(const fs::path& name, const Stop& = {}) const = 0;
    /// Its bytes as the storage (or the server) gives them, not as this machine remembers them.
    virtual ReadBack read_back(const fs::path& name, const Stop& = {}) const = 0;
    /// Copies it into the new file `to` of a folder here, hashing what was read; as files::write_in.
    virtual std::unique_ptr<Arriving> write_out(const fs::path& name, const Tree& home, const fs::path& to, Timestamp modified, const Stop& = {},
                                                const Moved& = {}) const = 0;
    /// The same and settled; on any failure the new file is removed.
    Digests copy_out(const fs::path& name, const Tree& home, const fs::path& to, Timestamp modified, const Stop& = {}, const Moved& = {}) const;

    // ---- changing
    /// As files::write_in: a new file, never over one that is there (file.exists); it counts when it was settled, which flushes it as far as the
    /// store can (flushes()).
    virtual std::unique_ptr<Arriving> write_in(int source, const fs::path& name, Timestamp modified, const Stop& = {}, const Moved& = {}) const = 0;
    /// The same and settled; on any failure the new file is removed.
    Digests copy_in(int source, const fs::path& name, Timestamp modified, const Stop& = {}, const Moved& = {}) const;
    virtual void write_new(const fs::path& name, std::string_view content) const = 0;  ///< small; the same promises
    virtual void make_durable(const fs::path& name) const = 0;                         ///< bytes and name of a file that was there already
    virtual void make_directories(const fs::path& name) const = 0;
    /// Throws file.exists; what lies under `to` is never overwritten, whoever put it there and whenever.
    virtual void rename_new(const fs::path& from, const fs::path& to) const = 0;
    virtual void replace(const fs::path& from, const fs::path& to) const = 0;  ///< for our own books, never for a photo
    virtual void remove(const fs::path& name) const = 0;                       ///< a file; absent is fine
    virtual void remove_empty_directory(const fs::path& name) const = 0;       ///< not empty or absent is fine
    virtual void sync_directory(const fs::path& name) const = 0;
    /// So begins the name that a mark has while it is looked at and removed; of a process that died meanwhile it is left (clear_mark takes it, too).
    static constexpr std::string_view mark_aside = ".mediaferry-aside-";
    /// No mark is longer.
    static constexpr Bytes longest_mark{8192};
    /// True: what lay there was the mark of a rename that a dead process began and never made, and it is gone now.
    virtual bool clear_mark(const fs::path& name) const = 0;

    // ---- the whole
    /// Whether a name here leads to the tree that was opened, and not to something put in its place meanwhile.
    virtual bool still_there() const = 0;
    struct Condition {
        Bytes free, total;
        std::optional<std::uint64_t> free_files;  ///< absent where the store has no fixed number of them
        bool read_only = false;
        bool denied = false;  ///< this user may not write at the root
    };
    virtual Condition condition() const = 0;
    /// For receipts, as JSON: {"device": …, "mount": …} or {"server": …, "share": …}.
    virtual std::string place() const = 0;
    /// "ext4", "cifs", …, "smb".
    virtual std::string kind() const = 0;
    /// Whether a written file is known to have been flushed to the storage when copy_in() returns. Where it is not, only time proves a copy:
    /// it counts for a deletion when it was read again after archive.settle, and for nothing before.
    virtual bool flushes() const = 0;
    /// Whether calls may come from several threads at once; of a store that says no, none but the one that opened it.
    virtual bool takes_threads() const = 0;
    /// Whether `found` here is the very file that the open `file` is.
    virtual bool is_same_file(int file, const struct stat& found) const = 0;
};

/// A folder of this machine, held by its descriptor.
class Folder : public Store {
public:
    explicit Folder(Tree tree) : tree_(std::move(tree)) {}
    /// Throws what Tree::open throws.
    static Folder open(const fs::path& root) { return Folder{Tree::open(root)}; }
    const Tree& tree() const { return tree_; }

    const fs::path& root() const override { return tree_.root(); }
    std::optional<struct stat> status(const fs::path& name) const override { return tree_.status(name); }
    std::vector<std::string> list(const fs::path& name) const override { return tree_.list(name); }
    std::unique_ptr<Walking> walk(Walk::Skip) const override;
    std::string read_small(const fs::path& name, std::size_t limit = 1 << 16) const override { return tree_.read_small(name, limit); }
    Digests digest(const fs::path& name, const Stop& = {}) const override;
    ReadBack read_back(const fs::path& name, const Stop& stop = {}) const override { return files::read_back(tree_, name, stop); }
    std::unique_ptr<Arriving> write_out(const fs::path& name, const Tree& home, const fs::path& to, Timestamp modified, const Stop& = {},
                                        const Moved& = {}) const override;
    std::unique_ptr<Arriving> write_in(int source, const fs::path& name, Timestamp modified, const Stop& = {}, const Moved& = {}) const override;
    void write_new(const fs::path& name, std::string_view content) const override;
    void make_durable(const fs::path& name) const override;
    void make_directories(const fs::path& name) const override { tree_.make_directories(name); }
    void rename_new(const fs::path& from, const fs::path& to) const override { tree_.rename_new(from, to); }
    void replace(const fs::path& from, const fs::path& to) const override { tree_.replace(from, to); }
    void remove(const fs::path& name) const override { tree_.remove(name); }
    void remove_empty_directory(const fs::path& name) const override { tree_.remove_empty_directory(name); }
    void sync_directory(const fs::path& name) const override { tree_.sync_directory(name); }
    bool clear_mark(const fs::path&) const override { return false; }
    bool still_there() const override;
    Condition condition() const override;
    std::string place() const override;
    std::string kind() const override { return file_system_type(tree_.root()); }
    bool flushes() const override { return !goes_through_fuse(tree_.descriptor()); }
    bool takes_threads() const override { return true; }
    bool is_same_file(int file, const struct stat& found) const override;

private:
    Tree tree_;
};

}  // namespace mediaferry::files
