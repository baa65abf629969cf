#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the archive's books true: media.db says which archived files changed (Books::due), this writes index rows, SHA256SUMS and capsules for
// them, publishes the index, and only then forgets that they were due. A copy is visible, proven and recorded long before; whatever instant a
// crash picks, what is not in the books yet is still due at the next run.

#include <algorithm>
#include <chrono>
#include <vector>

#include "common/archive/archive.h"
#include "common/archive_index/capsule.h"
#include "common/archive_index/index.h"
#include "common/media_db/books.h"
#include "common/media_db/media_db.h"
#include "common/types/ids.h"

namespace mediaferry::archive_index {

/// Where the index of this archive is kept: <state>/archive-<uuid>.db.
fs::path index_file(const fs::path& state_directory, const archive::Archive&);

struct Kept {
    std::int64_t files = 0;    ///< brought up to date in the index
    std::int64_t folders = 0;  ///< whose books were written
};

/// When the books follow in the middle of a long run, and not only at its end: every ten minutes, or less often where that would take more than a
/// twentieth of the time. What a machine takes with it that never comes back is the word of these minutes; the photos themselves are there.
class Pace {
public:
    explicit Pace(Timestamp run_began) : last_(run_began) {}
    bool due(Timestamp now) const { return now < last_ || now - last_ >= every_; }
    void kept(Timestamp from, Timestamp to) {
        constexpr std::chrono::seconds shortest = std::chrono::minutes{10};
        every_ = std::max(shortest, (to - from) * 20);
        last_ = to;
    }

private:
    Timestamp last_;
    std::chrono::seconds every_ = std::chrono::minutes{10};
};

class Keeper {
public:
    Keeper(media_db::MediaDb&, const archive::Archive&, Index&);

    /// Everything due, then publishes the index if it changed since it was published last. Nothing while another process of this house is at it.
    /// What cannot be written throws as Archive does, and stays due. An index that turns out damaged is made afresh by the next run, and all is due
    /// then.
    Kept keep_all(const archive::Stop& = {});

private:
    Kept keep_due(const archive::Stop&);
    /// Index rows, capsules, sidecars and checksums of these; they stay due.
    Kept keep(const std::vector<media_db::Books::Due>&, const archive::Stop&);
    /// SHA256SUMS of every folder whose rows changed.
    std::int64_t write_sums(const archive::Stop&);
    void index_row(MediaId);
    void write_capsule(const std::string& folder);
    void write_sidecar(const CapsuleAsset&);
    void write(const fs::path&, const std::string& content);

    media_db::MediaDb& db_;
    const archive::Archive& archive_;
    Index& index_;
    std::string house_;
};

}  // namespace mediaferry::archive_index
