// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/reindex.h"

#include <map>
#include <set>

#include "common/archive_index/books.h"
#include "common/archive_index/capsule.h"
#include "common/archive_index/left_alone.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/files/walk.h"
#include "common/log/log.h"
#include "common/media_db/books.h"

namespace mediaferry::archive_index {

namespace {

constexpr std::size_t kRowsAtOnce = 2000;

/// What media.db knows of the files of one folder: read once a folder.
class Archived {
public:
    explicit Archived(media_db::MediaDb& db) : db_(db) {}

    const media_db::Copy* at(std::string_view path) {
        const auto folder = folder_of(path);
        if (!read_ || folder != folder_) {
            folder_ = folder;
            read_ = true;
            copies_.clear();
            for (auto& one : media_db::Books(db_).archived_in(folder_))
                if (one.copy.proven) copies_.insert_or_assign(one.copy.path.string(), std::move(one.copy));
        }
        const auto found = copies_.find(path);
        return found == copies_.end() ? nullptr : &found->second;
    }

private:
    media_db::MediaDb& db_;
    std::string folder_;
    bool read_ = false;
    std::map<std::string, media_db::Copy, std::less<>> copies_;
};

class Scan {
public:
    Scan(const archive::Archive& archive, media_db::MediaDb& db, Index& index, Hashes hashes, Timestamp now, const archive::Stop& stop)
        : archive_(archive), archived_(db), index_(index), hashes_(hashes), now_(now), stop_(stop) {}

    void take(const files::Found& found) {
        if (found.kind == files::Found::Kind::strange) return;
        if (found.kind == files::Found::Kind::unreadable) return unreadable(found);
        const std::string path{found.path};
        if (is_own_sidecar(archive_, found.path, found.size)) return;
        ++scanned.files;
        scanned.bytes += Bytes{found.size};
        const auto before = index_.at(path);
        Row row{path, Bytes{found.size}, found.modified_ns, found.inode, std::nullopt, now_, std::nullopt, Class::foreign};
        const bool as_before = before && before->looks_like(row.size, row.modified_ns, row.inode);
        if (as_before) {
            row.sha256 = before->sha256;
            row.first_seen = before->first_seen;
            row.verified = before->verified;
            row.file_class = before->file_class;
        }
        if (const auto* copy = archived_.at(path); copy && copy->size == row.size) {
            row.sha256 = copy->sha256;
            row.first_seen = *copy->proven;
            row.verified = copy->checked;
            row.file_class = Class::original;
        }
        if (hashes_ == Hashes::all && !hash(row)) return;
        if (!before) ++scanned.added;
        if (before && !as_before) ++scanned.changed;
        if (!as_before || before->sha256 != row.sha256 || before->verified != row.verified || before->file_class != row.file_class)
            rows_.push_back(row);
        seen_.push_back(path);
        if (rows_.size() >= kRowsAtOnce || seen_.size() >= kRowsAtOnce) write();
    }

    void write() {
        Index::Change change{index_};
        for (const auto& row : rows_) index_.put(row);
        if (scanned.unreadable == 0) remove_unseen(seen_.empty() ? std::optional<std::string>{} : std::optional{seen_.back()});
        change.commit();
        rows_.clear();
        seen_.clear();
    }

    /// Rows after the last file that was seen.
    void finish() {
        write();
        if (scanned.unreadable > 0) return;
        Index::Change change{index_};
        for (const auto& path : index_.paths_between(last_, std::nullopt)) remove(path);
        change.commit();
    }

    Scanned scanned;

private:
    void unreadable(const files::Found& found) {
        ++scanned.unreadable;
        log::warning("cannot be read", {{"PATH", std::string(found.path)}, {"ERROR", std::generic_category().message(found.why)}});
    }

    bool hash(Row& row) {
        try {
            const auto digests = archive_.tree().read_back(row.path, stop_).digests;
            ++scanned.hashed;
            // Only media.db says whether a copy counts; a file that is not what was archived is shown as what it is now.
            if (row.sha256 && *row.sha256 != digests.sha256) {
                log::error("a file in the archive is not what it was", {{"PATH", row.path}});
                row.first_seen = now_;
                row.file_class = Class::foreign;
            }
            row.sha256 = digests.sha256;
            row.verified = now_;
            return true;
        } catch (const Interrupted&) {
            throw;
        } catch (const Unavailable&) {
            throw;
        } catch (const TransientError& error) {
            ++scanned.unreadable;
            log::warning("cannot be read", {{"PATH", row.path}, {"ERROR", error.what()}});
            return false;
        }
    }

    /// The walk goes in the order of the index: a row between two files that were seen is of a file that is not there.
    void remove_unseen(const std::optional<std::string>& up_to) {
        if (!up_to) return;
        const std::set<std::string_view> there(seen_.begin(), seen_.end());
        for (const auto& path : index_.paths_between(last_, up_to))
            if (!there.contains(path)) remove(path);
        last_ = *up_to;
    }

    void remove(const std::string& path) {
        index_.remove(path);
        ++scanned.removed;
    }

    const archive::Archive& archive_;
    Archived archived_;
    Index& index_;
    Hashes hashes_;
    Timestamp now_;
    const archive::Stop& stop_;
    std::vector<Row> rows_;
    std::vector<std::string> seen_;
    std::string last_;
};

}  // namespace

Scanned reindex(const archive::Archive& archive, media_db::MediaDb& db, Index& index, std::string_view trash, Hashes hashes, Timestamp now,
                const archive::Stop& stop, const Progress& progress) {
    archive.check_identity();
    const auto expected = index.count();
    const auto walk = archive.tree().walk([&](std::string_view path, std::string_view name, bool directory) {
        return left_alone(path, name, directory, trash) || (!directory && is_book(name));
    });
    Scan scan{archive, db, index, hashes, now, stop};
    try {
        while (const auto* found = walk->next()) {
            if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while scanning"};
            scan.take(*found);
            if (progress && (hashes == Hashes::all || scan.scanned.files % 500 == 0)) progress(scan.scanned, expected);
        }
    } catch (const Interrupted&) {
        scan.write();
        throw;
    }
    // An archive that went away in the middle looks like an empty one.
    archive.check_identity();
    scan.finish();
    if (progress) progress(scan.scanned, expected);
    return scan.scanned;
}

}  // namespace mediaferry::archive_index
