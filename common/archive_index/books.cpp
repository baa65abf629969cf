// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/books.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive_index/capsule.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::archive_index {

namespace {

constexpr std::string_view kSeen = "published";  ///< size, time and inode of the published copy as this house last saw it

/// A file that goes with us, whatever happens.
struct Scratch {
    fs::path path;
    explicit Scratch(fs::path where) : path(std::move(where)) { remove(); }
    ~Scratch() { remove(); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    void remove() const {
        boost::system::error_code ignored;
        fs::remove(path, ignored);
    }
};

void only_a_file(const files::Store& tree, const fs::path& path) {
    const auto there = tree.status(path);
    if (there && !S_ISREG(there->st_mode))
        throw NeedsPerson{"nas.not_ours",
                          (tree.root() / path).string() + " is no regular file; mediaferry keeps its own books under that name. Take it away"};
}

/// The same at every attempt: the next one finds what a killed one left, without listing a folder of thousands for each sidecar.
fs::path unfinished(const fs::path& path, std::string_view house) {
    return path.parent_path() / (".mediaferry-book-" + std::string(house) + "-" + path.filename().string() + ".part");
}

std::string seal_of(const struct stat& status) {
    return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + " " +
           std::to_string(status.st_ino);
}

files::Descriptor open_local(const fs::path& path) { return files::Tree::open(path.parent_path()).open_read(path.filename()); }

Timestamp modified(const struct stat& status) { return Timestamp{std::chrono::seconds{status.st_mtim.tv_sec}}; }

/// Copies the published index home and takes in what is new there.
std::int64_t take_published(const files::Store& tree, Index& index, const struct stat& there) {
    const Scratch copy{index.file().string() + ".theirs"};
    tree.copy_out(kPublished, files::Tree::open(copy.path.parent_path()), copy.path.filename(), modified(there));
    std::int64_t taken = 0;
    try {
        taken = index.take_unknown_from(copy.path);
    } catch (const BadInput& error) {
        // Rotten or cut: what it knew and this house does not, a scan finds again. It must not keep a whole one from being published.
        log::warning("the index in the archive cannot be read and is passed over", {{"ERROR", error.what()}});
    }
    index.set_note(kSeen, seal_of(there));
    return taken;
}

}  // namespace

std::string house_of(const Index& index) {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return to_hex(files::digest_bytes(std::string(host) + ":" + index.file().string()).sha256).substr(0, 8);
}

bool write_book(const archive::Archive& archive, std::string_view house, const fs::path& path, std::string_view content) {
    archive.check(Bytes{content.size()});
    const auto& tree = archive.tree();
    const auto part = unfinished(path, house);
    tree.remove(part);
    only_a_file(tree, path);
    if (const auto before = read_book(archive, path, content.size()); before && *before == content) return false;
    try {
        tree.write_new(part, content);
        archive.check_identity();
        tree.replace(part, path);
    } catch (...) {
        tree.remove(part);
        throw;
    }
    tree.sync_directory(path.parent_path());
    return true;
}

std::optional<std::string> read_book(const archive::Archive& archive, const fs::path& path, std::size_t limit) {
    const auto& tree = archive.tree();
    const auto there = tree.status(path);
    if (!there || !S_ISREG(there->st_mode) || static_cast<std::uint64_t>(there->st_size) > limit) return std::nullopt;
    return tree.read_small(path, limit);
}

bool is_own_sidecar(const archive::Archive& archive, std::string_view path, std::uint64_t size) {
    constexpr std::uint64_t largest = 1 << 20;
    if (!path.ends_with(".xmp") || size > largest) return false;
    const auto text = read_book(archive, std::string(path), largest);
    return text && is_our_xmp(*text);
}

void publish(const archive::Archive& archive, Index& index) {
    refresh(archive, index);
    const Scratch snapshot{index.file().string() + ".publish"};
    index.snapshot_to(snapshot.path);
    const auto& tree = archive.tree();
    archive.check(Bytes{static_cast<std::uint64_t>(fs::file_size(snapshot.path))});
    tree.make_directories(kFolder);
    only_a_file(tree, kPublished);
    const auto part = unfinished(kPublished, house_of(index));
    tree.remove(part);
    const auto source = open_local(snapshot.path);
    struct stat local {};
    if (::fstat(source.get(), &local) != 0) files::throw_errno(errno, "looking at", snapshot.path.string());
    Sha256 published;
    try {
        const auto copied = tree.copy_in(source.get(), part, modified(local));
        published = copied.sha256;
        if (tree.read_back(part).digests != copied)
            throw TransientError{"nas.read_back_differs",
                                 "the index reads back from the NAS differently from what was written; the one before stays"};
        archive.check_identity();
        tree.replace(part, kPublished);
    } catch (...) {
        tree.remove(part);
        throw;
    }
    tree.sync_directory(kFolder);
    if (const auto there = tree.status(kPublished)) {
        index.set_note(kSeen, seal_of(*there));
        const auto modified = static_cast<std::int64_t>(there->st_mtim.tv_sec) * 1'000'000'000 + there->st_mtim.tv_nsec;
        index.put_book({kPublished, published, modified, std::nullopt});
    }
    index.is_published();
    log::debug("index published", {{"FILES", index.count()}});
}

std::int64_t refresh(const archive::Archive& archive, Index& index) {
    archive.check_identity();
    const auto& tree = archive.tree();
    const auto there = tree.status(kPublished);
    if (!there || !S_ISREG(there->st_mode) || index.note(kSeen) == seal_of(*there)) return 0;
    return take_published(tree, index, *there);
}

}  // namespace mediaferry::archive_index
