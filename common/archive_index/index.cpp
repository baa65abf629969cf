// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/index.h"

#include <cstring>

#include "common/errors/errors.h"
#include "common/log/log.h"
#include "common/sqlite/connection.h"

namespace mediaferry::archive_index {

using sqlite::Connection;
using sqlite::Keep;
using sqlite::Query;

struct Index::Impl : Connection {};

namespace {

constexpr std::string_view kChanged = "changed";
constexpr std::int64_t kApplication = 0x6d666978;  // "mfix"
constexpr std::int64_t kIndexVersion = 1;
constexpr int kBusyMilliseconds = 20000;

constexpr const char* kSchema = R"(
CREATE TABLE file (
  path        TEXT    PRIMARY KEY,  -- relative; compared byte by byte
  size        INTEGER NOT NULL,
  modified_ns INTEGER NOT NULL,
  inode       INTEGER NOT NULL,
  sha256      BLOB    CHECK (sha256 IS NULL OR length(sha256) = 32),
  first_seen  INTEGER NOT NULL,
  verified    INTEGER,
  class       TEXT    NOT NULL CHECK (class IN ('original', 'foreign'))
) STRICT, WITHOUT ROWID;
CREATE TABLE stale (folder TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE note (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
)";

// Beside the rows, and in no version of its own: an index without it has merely not written a book since.
constexpr const char* kBooks = R"(
CREATE TABLE IF NOT EXISTS book (path TEXT PRIMARY KEY, sha256 BLOB NOT NULL CHECK (length(sha256) = 32), modified_ns INTEGER NOT NULL, checked INTEGER)
STRICT, WITHOUT ROWID;
)";

#define MEDIAFERRY_ROW "path, size, modified_ns, inode, sha256, first_seen, verified, class"

Class class_from(std::string_view text) { return text == "original" ? Class::original : Class::foreign; }

void read_row(const Query& query, Row& row) {
    row.path.assign(query.bytes_of(0));
    row.size = query.bytes(1);
    row.modified_ns = query.integer(2);
    row.inode = static_cast<std::uint64_t>(query.integer(3));
    row.sha256.reset();
    if (const auto hash = query.bytes_of(4); hash.size() == sizeof(Sha256::bytes)) {
        row.sha256.emplace();
        std::memcpy(row.sha256->bytes.data(), hash.data(), hash.size());
    }
    row.first_seen = query.time(5);
    row.verified = query.maybe_time(6);
    row.file_class = class_from(query.bytes_of(7));
}

Book book_from(const Query& query) {
    Book book;
    book.path.assign(query.bytes_of(0));
    if (const auto hash = query.bytes_of(1); hash.size() == sizeof(Sha256::bytes)) std::memcpy(book.sha256.bytes.data(), hash.data(), hash.size());
    book.modified_ns = query.integer(2);
    book.checked = query.maybe_time(3);
    return book;
}

void prepare(Connection& connection) { connection.words = {"index", "the archive's index", "remove it and run `mediaferry archive reindex`"}; }

bool is_ours(Connection& connection) {
    return connection.number("PRAGMA application_id") == kApplication && connection.number("PRAGMA user_version") == kIndexVersion;
}

void set_aside(const fs::path& file, const std::string& why) {
    log::warning("the archive's index cannot be used and is made afresh", {{"FILE", file.string()}, {"ERROR", why}});
    boost::system::error_code ignored;
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(file.string() + end, ignored);
}

std::unique_ptr<Index::Impl> open_once(const fs::path& file) {
    auto impl = std::make_unique<Index::Impl>();
    prepare(*impl);
    impl->open(file, Connection::Mode::read_write, kBusyMilliseconds);
    if (impl->number("SELECT count(*) FROM sqlite_schema") == 0) {
        sqlite::Transaction making{*impl, MF_COMMIT("archive_index.make")};
        if (impl->number("SELECT count(*) FROM sqlite_schema") == 0) {
            impl->run(kSchema);
            impl->run("PRAGMA application_id = " + std::to_string(kApplication));
            impl->run("PRAGMA user_version = " + std::to_string(kIndexVersion));
        }
        making.commit();
    }
    if (!is_ours(*impl)) throw BadInput{"index.corrupt", file.string() + " is no index of this version"};
    impl->run(kBooks);
    // What a power cut takes away here is found again (Keeper's mark goes with the rows): NORMAL is enough.
    impl->run("PRAGMA synchronous = NORMAL");
    impl->run("PRAGMA cache_size = -8000");
    return impl;
}

}  // namespace

std::string_view to_text(Class file_class) { return file_class == Class::original ? "original" : "foreign"; }

std::string_view folder_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Index::~Index() = default;
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;

Index Index::open(const fs::path& file) {
    fs::create_directories(file.parent_path());
    try {
        return Index{open_once(file)};
    } catch (const BadInput& error) {
        set_aside(file, error.what());
    }
    return Index{open_once(file)};
}

Index Index::open_whole(const fs::path& file) {
    {
        auto index = open(file);
        try {
            Query check(*index.impl_, "PRAGMA quick_check(1)", Keep::once);
            if (check.next() && check.text(0) == "ok") return index;
        } catch (const BadInput&) {
            log::debug("the archive's index cannot even be checked", {{"FILE", file.string()}});
        }
    }
    set_aside(file, "a page of it is damaged");
    return Index{open_once(file)};
}

void Index::condemn() const { set_aside(impl_->file, "damage was met while it was used"); }

std::optional<Index> Index::open_to_read(const fs::path& file) {
    if (!fs::exists(file)) return std::nullopt;
    auto impl = std::make_unique<Impl>();
    prepare(*impl);
    try {
        impl->open(file, Connection::Mode::read_only, kBusyMilliseconds);
        if (!is_ours(*impl)) return std::nullopt;
    } catch (const BadInput&) {
        return std::nullopt;
    }
    impl->run("PRAGMA cache_size = -8000");
    return Index{std::move(impl)};
}

const fs::path& Index::file() const { return impl_->file; }

void Index::put(const Row& row) {
    sqlite::Transaction transaction{*impl_, MF_COMMIT("archive_index.put")};
    const auto before = at(row.path);
    const bool same_content = before && before->size == row.size && (before->sha256 == row.sha256 || !before->sha256 || !row.sha256);
    Query write(*impl_,
                "INSERT OR REPLACE INTO file (" MEDIAFERRY_ROW ") VALUES (:path, :size, :modified, :inode, :sha256, :first_seen, :verified, :class)");
    write.with(":path", std::string_view(row.path))
        .with(":size", row.size)
        .with(":modified", row.modified_ns)
        .with(":inode", static_cast<std::int64_t>(row.inode))
        .with(":first_seen", same_content ? std::min(before->first_seen, row.first_seen) : row.first_seen)
        .with(":verified", row.verified)
        .with(":class", to_text(row.file_class));
    if (row.sha256)
        write.with_bytes(":sha256", {reinterpret_cast<const char*>(row.sha256->bytes.data()), row.sha256->bytes.size()});
    else
        write.with(":sha256", std::nullopt);
    write.run();
    set_note(kChanged, "yes");
    const bool sums_change = row.file_class == Class::original ? !before || before->sha256 != row.sha256 || before->file_class != Class::original
                                                               : before && before->file_class == Class::original;
    if (sums_change) Query(*impl_, "INSERT OR IGNORE INTO stale VALUES (:folder)").with(":folder", folder_of(row.path)).run();
    transaction.commit();
}

void Index::remove(std::string_view path) {
    sqlite::Transaction transaction{*impl_, MF_COMMIT("archive_index.remove")};
    const auto before = at(path);
    if (before) Query(*impl_, "DELETE FROM file WHERE path = :path").with(":path", path).run();
    if (before) set_note(kChanged, "yes");
    if (before && before->file_class == Class::original)
        Query(*impl_, "INSERT OR IGNORE INTO stale VALUES (:folder)").with(":folder", folder_of(path)).run();
    transaction.commit();
}

std::optional<Row> Index::at(std::string_view path) const {
    Query query(*impl_, "SELECT " MEDIAFERRY_ROW " FROM file WHERE path = :path");
    if (!query.with(":path", path).next()) return std::nullopt;
    Row row;
    read_row(query, row);
    return row;
}

std::int64_t Index::count() const { return impl_->number("SELECT count(*) FROM file"); }

std::vector<Row> Index::in_folder(std::string_view folder) const {
    const std::string from = folder.empty() ? "" : std::string(folder) + "/";
    const std::string to = folder.empty() ? "" : std::string(folder) + "0";  // '0' follows '/'
    Query query(*impl_, "SELECT " MEDIAFERRY_ROW R"( FROM file
                         WHERE path >= :from AND (:to = '' OR path < :to) AND instr(substr(path, length(:from) + 1), '/') = 0
                         ORDER BY path)");
    query.with(":from", from).with(":to", to);
    std::vector<Row> rows;
    while (query.next()) read_row(query, rows.emplace_back());
    return rows;
}

std::vector<std::string> Index::paths_between(std::string_view from, const std::optional<std::string>& to) const {
    Query query(*impl_, "SELECT path FROM file WHERE path > :from AND (:to IS NULL OR path <= :to) ORDER BY path");
    query.with(":from", from).with(":to", to);
    std::vector<std::string> paths;
    while (query.next()) paths.emplace_back(query.bytes_of(0));
    return paths;
}

std::vector<std::string> Index::stale_folders() const {
    Query query(*impl_, "SELECT folder FROM stale ORDER BY folder");
    std::vector<std::string> folders;
    while (query.next()) folders.push_back(query.text(0));
    return folders;
}

void Index::mended(std::string_view folder) { Query(*impl_, "DELETE FROM stale WHERE folder = :folder").with(":folder", folder).run(); }

bool Index::has_changed() const { return note(kChanged).value_or("") == "yes"; }

void Index::is_published() { set_note(kChanged, "no"); }

void Index::make_stale(std::string_view folder) { Query(*impl_, "INSERT OR IGNORE INTO stale VALUES (:folder)").with(":folder", folder).run(); }

std::vector<Book> Index::books() const {
    Query query(*impl_, "SELECT path, sha256, modified_ns, checked FROM book ORDER BY checked, path");
    std::vector<Book> books;
    while (query.next()) books.push_back(book_from(query));
    return books;
}

std::optional<Book> Index::book(std::string_view path) const {
    Query query(*impl_, "SELECT path, sha256, modified_ns, checked FROM book WHERE path = :path");
    if (!query.with(":path", path).next()) return std::nullopt;
    return book_from(query);
}

void Index::put_book(const Book& book) {
    Query(*impl_, "INSERT OR REPLACE INTO book VALUES (:path, :sha256, :modified, :checked)")
        .with(":path", std::string_view(book.path))
        .with_bytes(":sha256", {reinterpret_cast<const char*>(book.sha256.bytes.data()), book.sha256.bytes.size()})
        .with(":modified", book.modified_ns)
        .with(":checked", book.checked)
        .run();
}

void Index::forget_book(std::string_view path) { Query(*impl_, "DELETE FROM book WHERE path = :path").with(":path", path).run(); }

std::optional<std::string> Index::note(std::string_view key) const {
    Query query(*impl_, "SELECT value FROM note WHERE key = :key");
    if (!query.with(":key", key).next()) return std::nullopt;
    return query.text(0);
}

void Index::set_note(std::string_view key, std::string_view value) {
    Query(*impl_, "INSERT OR REPLACE INTO note VALUES (:key, :value)").with(":key", key).with(":value", value).run();
}

std::int64_t Index::take_unknown_from(const fs::path& other) {
    const auto theirs = open_to_read(other);
    if (!theirs) return 0;
    std::int64_t taken = 0;
    Change change{*this};
    Rows rows{*theirs};
    while (const auto* row = rows.next()) {
        if (at(row->path)) continue;
        put(*row);
        ++taken;
    }
    change.commit();
    return taken;
}

void Index::snapshot_to(const fs::path& target) const { Query(*impl_, "VACUUM INTO :target", Keep::once).with(":target", target).run(); }

struct Index::Change::Impl {
    sqlite::Transaction transaction;
};
Index::Change::Change(Index& index) : impl_(new Impl{sqlite::Transaction{*index.impl_}}) {}
Index::Change::~Change() = default;
void Index::Change::commit() { impl_->transaction.commit(); }

struct Index::Rows::Impl {
    Query query;
    Row row;
};
Index::Rows::Rows(const Index& index) : impl_(new Impl{Query{*index.impl_, "SELECT " MEDIAFERRY_ROW " FROM file ORDER BY path", Keep::once}, {}}) {}
Index::Rows::~Rows() = default;

const Row* Index::Rows::next() {
    if (!impl_->query.next()) return nullptr;
    read_row(impl_->query, impl_->row);
    return &impl_->row;
}

}  // namespace mediaferry::archive_index
