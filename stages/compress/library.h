#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// library/: the copies that stay at home, under their original names by year and month.

#include <functional>
#include <optional>
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

    /// The item's copy as we put it there: nullopt when there is none, it is gone, or its bytes are not those any more (somebody edited it).
    std::optional<media_db::Copy> intact(const media_db::MediaItem&) const;
    fs::path place_of(const media_db::Copy& copy) const { return root_ / copy.path; }

    /// A new name of our own in the folder where the item's copy will lie, so that it can be renamed into place: ".mediaferry-small-17.JPG".
    fs::path fresh_name(const media_db::MediaItem&, const std::string& extension) const;
    /// Makes the finished file at `fresh` visible: in place of the item's older copy, whose owner, mode, attributes and times it takes over, else
    /// under the first free name. A copy that somebody changed is never replaced. `extension` "" = the original's. The bytes are read again where
    /// they then lie. Throws TransientError ("compress.library") when they are not those that were checked.
    /// `replacing` is told what will lie where right before the older copy makes way.
    Shelved shelve(const media_db::MediaItem&, const fs::path& fresh, const std::string& extension, const fs::path& original,
                   const std::function<void(const Shelved&)>& replacing);
    /// Removes the item's older copy, if it lies there as we put it there, in favour of the one at `path`. One in that very place is not touched.
    void make_way(const media_db::MediaItem&, const fs::path& path) const;

private:
    fs::path folder_of(const media_db::MediaItem&) const;
    void dress(const media_db::MediaItem&, const fs::path& fresh, const fs::path& original) const;
    fs::path free_place(const media_db::MediaItem&, const fs::path& name, const files::Digests&) const;
    Shelved reread(const fs::path& relative, const files::Digests&) const;

    stage::Run& run_;
    fs::path root_;
};

}  // namespace mediaferry::stages
