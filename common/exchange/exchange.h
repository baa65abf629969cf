#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Two archives meet: lists of what the other one lacks, files with a manifest, and how they come in on the other side.
//
// What comes in goes the way of every photo: an original in backup/, a row, steps for phone, NAS and small copy. It is no photo of this house's
// iCloud (media_db::kFromExchange), so its iCloud stages find nothing to do.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/exchange/manifest.h"
#include "common/files/files.h"
#include "common/media_db/exchange.h"

namespace mediaferry::exchange {

struct House {
    media_db::MediaDb& db;
    const config::Settings& settings;
    const Clock& clock;
    std::function<bool()> stop = {};                              ///< asked between two files
    std::function<void(const std::string&)> tell = {};            ///< one sentence for a person
    std::function<void(std::size_t, std::size_t)> progress = {};  ///< files done, of how many
};

/// One exchange at a time works in a house. Throws TryLater ("exchange.busy").
files::Lock take_turn(const config::Settings&);

struct Analysis {
    media_db::Comparison found;
    std::optional<std::string> list;  ///< absent: a rehearsal, or they lack nothing
    std::size_t left_out = 0;         ///< more than one list holds
};
/// Compares with another house's media.db and, unless `rehearse`, writes down what they lack as an export list.
Analysis analyze(const House&, const fs::path& remote_db, bool rehearse);

struct Exported {
    std::size_t total = 0, exported = 0, there_before = 0;
    Bytes bytes;
    fs::path folder;
    std::vector<std::pair<std::string, Reason>> failed;  ///< by file name
    std::size_t waiting = 0;  ///< files whose original is in the archive alone, which is away
    std::string away;         ///< why it is; empty when nothing waits
};
/// Writes the list's files and, last, the manifest of those that are there into directory/LIST, each file checked against its hash while it is
/// written. An archive that is away is asked once; what home has is exported nevertheless. Goes on where an earlier call was cut off. Throws
/// BadInput ("exchange.no_list").
Exported export_list(const House&, const std::string& list, const fs::path& directory, bool rehearse);

struct Imported {
    std::size_t total = 0, imported = 0, duplicates = 0;
    Bytes bytes;              ///< of what is new
    fs::path folder, backup;  ///< backup: of media.db, taken before; empty when nothing was to be changed
};
/// Takes the files of a list in, all or none: every file is read and compared with the manifest before anything is changed, media.db is backed up,
/// the files are placed, and one transaction gives all of them their rows. Goes on where an earlier call was killed. Throws BadInput
/// (exchange.no_manifest, .other_list, .damaged, and parse_manifest()'s).
Imported import_list(const House&, const std::string& list, const fs::path& directory, bool rehearse);

struct Verified {
    std::size_t total = 0, good = 0;
    std::vector<std::pair<std::string, Reason>> bad;
};
/// Reads again what an import brought: at home or on the NAS, against its hash. Throws BadInput ("exchange.no_list").
Verified verify_import(const House&, const std::string& list);

struct Cleaned {
    std::size_t removed = 0, kept = 0;
};
/// Removes the exported files of a list, or those that were imported and are safe here; gives up an import that was cut off. Nothing else.
Cleaned clean_up(const House&, const std::string& list);

struct Received {
    std::size_t seen = 0, received = 0, duplicates = 0, waiting = 0, failed = 0;
    Bytes bytes;
    std::vector<std::pair<std::string, Reason>> troubles;  ///< by source and path
};
/// Takes in what Syncthing has brought into the folders of exchange.remote_sources, complete files only; nothing there is changed. One photo at a
/// time: all its files or none.
Received receive(const House&);

}  // namespace mediaferry::exchange
