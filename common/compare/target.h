#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a comparison says: of one file on both sides, of a target (a folder at the depth that was asked for), and what is best done about it.
// Pure: `mediaferry compare` prints it, `mediaferry queue` acts on it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/errors/errors.h"
#include "common/types/bytes.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::compare {

/// A file on one side.
struct File {
    Bytes size;
    std::int64_t modified_ns = 0;
    std::optional<Sha256> sha256;  ///< of exactly these bytes, as far as size and time can tell
    bool readable = true;          ///< false: a link, a device, a file or folder that cannot be looked at
    /// Archive side: read back at least `archive.settle` after it was first seen there: the copy counts (I2).
    bool settled = false;
    /// Archive side: mediaferry put it there. Such files are never thought of as passing through.
    bool ours = false;
};

/// One name on both sides.
enum class Match {
    same,      ///< equal by hash
    presumed,  ///< equal by size and time; nothing may be deleted on that
    differs,   ///< another size, another hash, or (hashes unknown) another time
    only_local,
    only_archive,
    unknown,  ///< one side cannot be read
};
/// Times count as equal within 2 s (FAT), or one hour off by at most 2 s (a clock change on a FAT share).
Match judge(const std::optional<File>& local, const std::optional<File>& archive);

struct Tally {
    std::int64_t files = 0;
    Bytes bytes;
    void add(Bytes size) {
        ++files;
        bytes += size;
    }
};

/// A folder as it stands on both sides. `left_out` files are counted in `local`/`archive` and in nothing that leads to an action.
struct Target {
    std::string name;  ///< "2024/06"; "." for the root
    Tally local, archive;
    Tally same, presumed, differs, only_local, only_archive, unknown;
    Tally left_out;
    std::int64_t unsettled = 0;          ///< same, but the copy on the NAS was not read back after its settle time
    std::int64_t unproven_left_out = 0;  ///< local files of classes left out that are not `same` and settled: they block a deletion all the same
    std::int64_t ours = 0;               ///< on the NAS, put there by mediaferry
    bool transit = false;                ///< by config: only passes through the NAS
    std::optional<std::chrono::year_month_day> named;  ///< newest date in a name, DATE_2026-02-12…
    std::optional<Timestamp> newest;                   ///< newest modification time: the capture date of what mediaferry archived

    void add(Match, const std::optional<File>& local, const std::optional<File>& archive, bool leave_out);
    /// From names if one says so, else from the files.
    std::optional<std::chrono::year_month_day> recent() const;
};

enum class Status {
    not_pulled,        ///< on the NAS, nothing of it here
    partially_pulled,  ///< some files of the NAS are missing here
    local_differs,
    up_to_date,        ///< all that is on the NAS is here, and the other way round
    not_pushed,        ///< here, nothing of it on the NAS
    partially_pushed,  ///< nothing is missing here, something is on the NAS
    unknown,           ///< something cannot be read: no verdict
};
Status status_of(const Target&);

/// nullopt: every local file is on the NAS, proven. Else what blocks, the gravest first: compare.unreadable, compare.not_on_nas, compare.differs,
/// compare.not_by_hash, compare.unsettled, compare.left_out, compare.nothing_local.
std::optional<Reason> what_blocks_deletion(const Target&);

enum class View { safety, pull };  ///< safety: local → NAS; pull: NAS → local
enum class Action { pull, push, trash, none };
/// Pull what is missing here, push what is missing there; in the view `safety` only the latter. Where files differ a person decides: none.
/// Trash only for a target that by config just passes through the NAS, of which every file is here by hash, and nothing was put there by us.
Action recommended(const Target&, View);

std::string_view to_text(Status);  ///< "Not pulled", "Partially pulled", "Local differs", "Up to date", "Not on NAS", "Partially on NAS", "Unknown"
std::string_view to_text(Action);  ///< "Pull to Local", "Push to NAS", "Delete on NAS (_Trash)", "No action"
std::string_view to_text(Match);
std::string_view word_of(Action);  ///< "pull", "push", "trash", "none": for JSON and `queue add`
std::string_view word_of(Status);  ///< "not_pulled", …

/// The first `depth` folders of a relative path of a file; fewer where there are fewer; "." for none.
std::string_view target_of(std::string_view path, int depth);
/// The newest date YYYY-MM-DD (also with _ or . between) that stands in `text`.
std::optional<std::chrono::year_month_day> date_in(std::string_view text);

}  // namespace mediaferry::compare
