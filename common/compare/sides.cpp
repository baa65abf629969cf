// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/compare/sides.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/archive_index/books.h"
#include "common/archive_index/left_alone.h"
#include "common/errors/errors.h"

namespace mediaferry::compare {

namespace {

/// nullopt: it cannot be read; what is the whole archive's trouble is thrown on.
template <class Read>
std::optional<Sha256> readable(Read&& read) {
    try {
        return read();
    } catch (const Interrupted&) {
        throw;
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError&) {
        return std::nullopt;
    }
}

Sha256 digest(int file, const std::string& name, const std::function<bool()>& stop) {
    files::Digester digester{files::Checksums::sha256_only};
    std::vector<char> block(1 << 20);
    for (;;) {
        if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while reading " + name};
        const auto got = ::read(file, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) files::throw_errno(errno, "cannot read", name);
        if (got == 0) return digester.take().sha256;
        digester.add({block.data(), static_cast<std::size_t>(got)});
    }
}

/// What an index says of files that come in the order of its rows.
class Known {
public:
    explicit Known(const archive_index::Index& index) : rows_(index), row_(rows_.next()) {}

    /// The row of this very file; nullptr: there is none, or it is of another state of the file.
    const archive_index::Row* of(const files::Found& found) {
        while (row_ && row_->path < found.path) row_ = rows_.next();
        return row_ && row_->path == found.path && row_->looks_like(Bytes{found.size}, found.modified_ns, found.inode) ? row_ : nullptr;
    }

private:
    archive_index::Index::Rows rows_;
    const archive_index::Row* row_;
};

files::Walk::Skip all_but_photos(const std::string& trash) {
    return [&trash](std::string_view path, std::string_view name, bool directory) {
        return archive_index::left_alone(path, name, directory, trash) || (!directory && archive_index::is_book(name));
    };
}

File file_of(const files::Found& found) {
    File file;
    file.readable = found.kind == files::Found::Kind::file;
    file.size = Bytes{found.size};
    file.modified_ns = found.modified_ns;
    return file;
}

/// What the index proves of a file of the archive.
void take_proof(const archive_index::Row& row, std::chrono::seconds settle, File& file) {
    file.sha256 = row.sha256;
    file.ours = row.file_class == archive_index::Class::original;
    // Read at least `settle` after it was first seen: by then the server answered from its disks.
    file.settled = row.sha256 && row.verified && *row.verified >= row.first_seen + settle;
}

std::optional<Sha256> hash_in(const archive::Archive& archive, const Entry& entry, const std::function<bool()>& stop) {
    return readable([&]() -> std::optional<Sha256> { return archive.tree().read_back(std::string(entry.path), stop).digests.sha256; });
}

}  // namespace

struct FolderSide::Impl {
    files::Tree tree;
    std::string trash;
    archive_index::Index* hashes;
    Timestamp now;
    std::function<bool()> stop;
    files::Walk walk;
    std::unique_ptr<Known> known;
    Entry entry;
    std::uint64_t inode = 0;
    std::vector<archive_index::Row> taken;

    Impl(files::Tree given, std::string trash_folder, archive_index::Index* remembered, Timestamp at, std::function<bool()> stopped)
        : tree(std::move(given)),
          trash(std::move(trash_folder)),
          hashes(remembered),
          now(at),
          stop(std::move(stopped)),
          walk(tree, all_but_photos(trash)) {
        if (hashes) known = std::make_unique<Known>(*hashes);
    }
};

FolderSide::FolderSide(files::Tree tree, std::string trash, archive_index::Index* hashes, Timestamp now, std::function<bool()> stop)
    : impl_(std::make_unique<Impl>(std::move(tree), std::move(trash), hashes, now, std::move(stop))) {}
FolderSide::~FolderSide() = default;

const Entry* FolderSide::next() {
    const auto* found = impl_->walk.next();
    if (!found) return nullptr;
    auto& entry = impl_->entry;
    entry = {found->path, file_of(*found)};
    impl_->inode = found->inode;
    if (impl_->known && entry.file.readable)
        if (const auto* row = impl_->known->of(*found)) entry.file.sha256 = row->sha256;
    return &entry;
}

std::optional<Sha256> FolderSide::hash_of(const Entry& entry) {
    return readable([&]() -> std::optional<Sha256> {
        const auto file = impl_->tree.open_read(std::string(entry.path));
        const auto hash = digest(file.get(), (impl_->tree.root() / std::string(entry.path)).string(), impl_->stop);
        struct stat after {};
        // Written to meanwhile: the hash is of neither what was listed nor what is there now.
        if (::fstat(file.get(), &after) != 0 || static_cast<std::uint64_t>(after.st_size) != entry.file.size.count ||
            static_cast<std::int64_t>(after.st_mtim.tv_sec) * 1'000'000'000 + after.st_mtim.tv_nsec != entry.file.modified_ns)
            return std::nullopt;
        if (impl_->hashes)
            impl_->taken.push_back({std::string(entry.path), entry.file.size, entry.file.modified_ns, impl_->inode, hash, impl_->now, impl_->now,
                                    archive_index::Class::foreign});
        return hash;
    });
}

void FolderSide::remember() {
    impl_->known.reset();  // SQLite cannot change a table under a reader of another kind
    if (!impl_->hashes || impl_->taken.empty()) return;
    archive_index::Index::Change change{*impl_->hashes};
    for (const auto& one : impl_->taken) impl_->hashes->put(one);
    change.commit();
    impl_->taken.clear();
}

struct WalkedArchive::Impl {
    const archive::Archive& archive;
    std::string trash;
    std::chrono::seconds settle;
    std::function<bool()> stop;
    Known known;
    std::unique_ptr<files::Walking> walk;
    Entry entry;

    Impl(const archive::Archive& there, const archive_index::Index& index, std::string trash_folder, std::chrono::seconds settled,
         std::function<bool()> stopped)
        : archive(there),
          trash(std::move(trash_folder)),
          settle(settled),
          stop(std::move(stopped)),
          known(index),
          walk(archive.tree().walk(all_but_photos(trash))) {}
};

WalkedArchive::WalkedArchive(const archive::Archive& archive, const archive_index::Index& index, std::string trash, std::chrono::seconds settle,
                             std::function<bool()> stop)
    : impl_(new Impl{archive, index, std::move(trash), settle, std::move(stop)}) {}
WalkedArchive::~WalkedArchive() = default;

const Entry* WalkedArchive::next() {
    const auto* found = impl_->walk->next();
    while (found && found->kind == files::Found::Kind::file && archive_index::is_own_sidecar(impl_->archive, found->path, found->size))
        found = impl_->walk->next();
    if (!found) {
        // An archive that went away in the middle looks like one with less in it.
        impl_->archive.check_identity();
        return nullptr;
    }
    auto& entry = impl_->entry;
    entry = {found->path, file_of(*found)};
    if (entry.file.readable)
        if (const auto* row = impl_->known.of(*found)) take_proof(*row, impl_->settle, entry.file);
    return &entry;
}

std::optional<Sha256> WalkedArchive::hash_of(const Entry& entry) { return hash_in(impl_->archive, entry, impl_->stop); }

struct IndexSide::Impl {
    archive_index::Index::Rows rows;
    std::chrono::seconds settle;
    const archive::Archive* archive;
    std::function<bool()> stop;
    Entry entry;
    std::int64_t out_of_date = 0;

    /// Whether the file is there as the index says; one that is gone is not on the NAS at all.
    enum class There { as_indexed, changed, gone };
    There look(const archive_index::Row& row) const {
        const auto status = archive->tree().status(row.path);
        if (!status) return There::gone;
        const auto modified = static_cast<std::int64_t>(status->st_mtim.tv_sec) * 1'000'000'000 + status->st_mtim.tv_nsec;
        const bool same = S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == row.size.count && modified == row.modified_ns;
        return same ? There::as_indexed : There::changed;
    }
};

IndexSide::IndexSide(const archive_index::Index& index, std::chrono::seconds settle, const archive::Archive* archive, std::function<bool()> stop)
    : impl_(new Impl{archive_index::Index::Rows{index}, settle, archive, std::move(stop), {}}) {}
IndexSide::~IndexSide() = default;

const Entry* IndexSide::next() {
    for (;;) {
        const auto* row = impl_->rows.next();
        if (!row) return nullptr;
        auto& entry = impl_->entry;
        entry.path = row->path;
        entry.file = File{row->size, row->modified_ns, std::nullopt, true, false, false};
        take_proof(*row, impl_->settle, entry.file);
        if (!impl_->archive) return &entry;
        const auto there = impl_->look(*row);
        if (there != Impl::There::as_indexed) ++impl_->out_of_date;
        if (there == Impl::There::gone) continue;
        if (there == Impl::There::changed) entry.file.readable = false;
        return &entry;
    }
}

std::optional<Sha256> IndexSide::hash_of(const Entry& entry) {
    if (!impl_->archive) return std::nullopt;
    return hash_in(*impl_->archive, entry, impl_->stop);
}

std::int64_t IndexSide::out_of_date() const { return impl_->out_of_date; }

}  // namespace mediaferry::compare
