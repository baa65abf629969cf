// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/book_check.h"

#include <sys/stat.h>

#include "common/archive_index/books.h"
#include "common/archive_index/keeper.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/media_db/books.h"

namespace mediaferry::archive_index {

namespace {

Reason reason_of(const Book& book, bool missing) {
    return {missing ? "book.missing" : "book.damaged",
            book.path + (missing ? ", which mediaferry keeps beside the photos, is not in the archive any more"
                                 : ", which mediaferry keeps beside the photos, has other bytes than were written")};
}

/// nullopt: it is what we wrote, or somebody else wrote it since.
std::optional<Reason> wrong(const files::Store& tree, const Book& book, const archive::Stop& stop) {
    const auto there = tree.status(book.path);
    if (!there) return reason_of(book, true);
    const auto modified = static_cast<std::int64_t>(there->st_mtim.tv_sec) * 1'000'000'000 + there->st_mtim.tv_nsec;
    if (!S_ISREG(there->st_mode) || modified != book.modified_ns) return std::nullopt;
    if (tree.read_back(book.path, stop).digests.sha256 == book.sha256) return std::nullopt;
    return reason_of(book, false);
}

}  // namespace

BookCheck check_books(const archive::Archive& archive, Index& index, int percent, std::optional<Timestamp> before, Timestamp now,
                      const archive::Stop& stop) {
    archive.check_identity();
    BookCheck check;
    auto books = index.books();
    check.written = static_cast<std::int64_t>(books.size());
    if (before) std::erase_if(books, [&](const Book& book) { return book.checked && *book.checked > *before; });
    books.resize((books.size() * static_cast<std::size_t>(percent) + 99) / 100);
    std::vector<Book> good;
    for (auto& book : books) {
        if (stop && stop()) throw Interrupted{"interrupted", "asked to stop"};
        ++check.read;
        auto reason = wrong(archive.tree(), book, stop);
        if (reason) reason = wrong(archive.tree(), book, stop);  // once may be the wire's fault
        if (reason) {
            check.bad.push_back({book.path, *reason, std::nullopt, false});
        } else {
            book.checked = now;
            good.push_back(book);
        }
    }
    // An archive that went away in the middle looks like an empty one.
    archive.check_identity();
    Index::Change change{index};
    for (const auto& book : good)
        if (const auto known = index.book(book.path); known && known->sha256 == book.sha256) index.put_book(book);
    change.commit();
    return check;
}

void write_again(media_db::MediaDb& db, archive::Archive& archive, Index& index, BookCheck& check, Timestamp now, const archive::Stop& stop) {
    media_db::Books books{db};
    for (auto& bad : check.bad) {
        const auto folder = bad.path.parent_path().string();
        index.make_stale(folder);
        books.due_in(folder);
        if (bad.reason.code != "book.damaged") continue;
        bad.aside = MF_AROUND("heal.book.set_aside", archive.set_damaged_aside(bad.path, now));
        log::warning("damaged book set aside", {{"PATH", bad.path.string()}, {"ASIDE", bad.aside->string()}});
    }
    Keeper{db, archive, index}.keep_all(stop);
    for (auto& bad : check.bad) {
        const auto there = archive.tree().status(bad.path);
        bad.healed = there && S_ISREG(there->st_mode);
        // What nobody needs any more, as the books of a folder without photos, is not written again.
        if (!there && bad.path != fs::path{kPublished} && books.archived_in(bad.path.parent_path().string()).empty()) {
            index.forget_book(bad.path.string());
            bad.healed = true;
        }
    }
}

}  // namespace mediaferry::archive_index
