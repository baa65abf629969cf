#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// library/: the copies that stay at home, under their original names by year and month.

#include <string>

#include "common/files/files.h"
#include "common/media_db/rows.h"
#include "common/stage/run.h"

namespace mediaferry::stages {

/// A copy put into the library; `relative` is below it.
struct Shelved {
    fs::path relative;
    files::Digests digests;
};

class Library {
public:
    explicit Library(stage::Run& run) : run_(run), root_(run.settings().folders.library) {}

    /// A new name of our own in the folder where the item's copy will lie, so that it can be renamed into place: ".mediaferry-small-17.JPG".
    fs::path fresh_name(const media_db::MediaItem&, const std::string& extension) const;
    /// Makes the finished file at `fresh` visible: in place of the item's older copy, else under the first free name. `extension` "" = the
    /// original's.
    Shelved shelve(const media_db::MediaItem&, const fs::path& fresh, const std::string& extension);

private:
    fs::path folder_of(const media_db::MediaItem&) const;

    stage::Run& run_;
    fs::path root_;
};

}  // namespace mediaferry::stages
