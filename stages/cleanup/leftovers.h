#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What no run will ever come back for. Only names that are ours or icloudpd's; whatever is not understood stays.

#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/rows.h"
#include "common/stage/run.h"
#include "common/types/fs.h"

namespace mediaferry::stages {

/// A directory entry that may go, and why, for a person.
struct Leftover {
    enum class Kind { file, scratch, empty_directory, set_aside, placeholder, original } kind = Kind::file;
    fs::path path;
    std::string why;
    std::int64_t id = 0;  ///< set_aside: its row; original: its media id
};

/// Files that only a transfer in progress has: ours, or icloudpd's "<base32 checksum>.part".
bool is_unfinished_name(std::string_view filename);

/// Unfinished files that nobody has touched since `before`, in incoming/ and the working folders.
std::vector<Leftover> unfinished_files(stage::Run&, Timestamp before);
/// Scratch directories of runs that have ended.
std::vector<Leftover> dead_scratch(stage::Run&);
/// Directories without any file, deepest first, the folders themselves excepted, unchanged since `before`.
std::vector<Leftover> empty_directories(stage::Run&, Timestamp before);
/// Damaged arrivals in the trash since before `before`. What may be a person's own file stays.
std::vector<Leftover> old_set_aside(stage::Run&, Timestamp before);
/// Placeholders of assets that are no longer in iCloud.
std::vector<Leftover> placeholders_of_the_gone(stage::Run&);
/// Originals of files that are deleted in iCloud, proven on the NAS, and were to be removed (I5).
std::vector<Leftover> forgotten_originals(stage::Run&);

/// All of them, in the order in which they are to be removed.
std::vector<Leftover> all_leftovers(stage::Run&);

}  // namespace mediaferry::stages
