#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The archive's own books (the published index, SHA256SUMS, capsules, sidecars) rot like the photos beside them. What this house wrote last is in its
// index; a book with other bytes and the time of then was written by nobody. It is moved aside and written anew from media.db.

#include <chrono>
#include <optional>
#include <vector>

#include "common/archive/archive.h"
#include "common/archive_index/index.h"
#include "common/errors/errors.h"
#include "common/media_db/media_db.h"

namespace mediaferry::archive_index {

struct BadBook {
    fs::path path;
    Reason reason;  ///< book.missing | book.damaged
    std::optional<fs::path> aside;
    bool healed = false;
};

struct BookCheck {
    std::int64_t written = 0;  ///< books of this house
    std::int64_t read = 0;
    std::vector<BadBook> bad;
};

/// Reads `percent` of them past the cache, those first that were not read for longest; of these only such as were last read before `before`, if it is
/// given. Changes nothing in the archive. Throws Interrupted, and Unavailable when the archive goes away.
BookCheck check_books(const archive::Archive&, Index&, int percent, std::optional<Timestamp> before, Timestamp now, const archive::Stop& = {});

/// Moves the damaged ones aside and writes all of them anew; `archive` is open for writing. What is not written yet because another process of this
/// house is at the books stays due.
void write_again(media_db::MediaDb&, archive::Archive&, Index&, BookCheck&, Timestamp now, const archive::Stop& = {});

}  // namespace mediaferry::archive_index
