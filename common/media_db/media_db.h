#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// media.db: one SQLite file, the single source of truth. This is the open file and its transactions; what can be asked and
// written lives beside it, one class a subject: Catalogue, Conveyor, Evidence, Events, Runs, Plans, Facts, Reports, Upkeep.
// Nothing outside this folder sees SQL. One MediaDb belongs to one thread of one process.

#include <memory>

#include "common/failpoint/failpoint.h"
#include "common/types/fs.h"

namespace mediaferry::media_db {

inline constexpr int kSchemaVersion = 1;

enum class Access {
    read_write,  ///< creates the file, migrates it (a backup is taken first), may change it
    read_only,   ///< for reports; throws BadInput ("db.missing") when there is no file
};

class MediaDb {
public:
    /// Throws ConfigError ("db.network") on a network file system, BadInput ("db.newer") for a newer schema, "db.foreign" for a file that is not ours
    /// (the text then names `mediaferry db adopt`), "db.corrupt", and Unavailable ("db.full", "db.locked", "db.io").
    static MediaDb open(const fs::path&, Access = Access::read_write);
    ~MediaDb();
    MediaDb(MediaDb&&) noexcept;
    MediaDb& operator=(MediaDb&&) noexcept;

    const fs::path& file() const;

    struct Impl;  ///< defined in connection.h, private to this folder
    Impl& impl() const { return *impl_; }
    explicit MediaDb(std::unique_ptr<Impl>);  ///< for this folder: over a connection made elsewhere in it

private:
    std::unique_ptr<Impl> impl_;
};

/// BEGIN IMMEDIATE … COMMIT with synchronous=FULL; rolls back unless committed. No file or network I/O inside. A nested one joins the outer
/// one (its commit does nothing by itself; rolled back alone it dooms the outer).
class Transaction {
public:
    /// `step`: MF_COMMIT("name"), where a test may have the program die before or after the commit.
    explicit Transaction(MediaDb&, failpoint::Step step = {});
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    MediaDb& db_;
    failpoint::Step step_;
    bool done_ = false;
};

}  // namespace mediaferry::media_db
