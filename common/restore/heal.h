#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A damaged or missing copy is made again from another one that is proven, never from one that is not; the good one is read to its end before the
// bad one is touched, the bad one is moved aside and never deleted, and what was made has to earn its proof like any new copy.

#include <optional>
#include <string>

#include "common/archive/archive.h"
#include "common/restore/sources.h"
#include "common/types/ids.h"

namespace mediaferry::restore {

struct Healed {
    fs::path path;                  ///< where the good copy lies now
    std::string from;               ///< what it was made from, for a person
    std::optional<fs::path> aside;  ///< where the bad one lies now; absent: there was none
};

class Healer {
public:
    /// `run` is a run of nas_archive: the item is claimed for it, so that no stage works on it meanwhile.
    Healer(media_db::MediaDb&, const config::Settings&, const Clock&, archive::Archive&, Sources&, RunId run, archive::Stop);

    /// The NAS copy that lay at `path` and was found bad or missing; its row has been taken back already (archive::read_again). Settling begins anew.
    /// Throws NeedsPerson ("heal.no_source", nothing was touched), TransientError ("heal.busy": nas_archive works on the file), and what the archive
    /// throws.
    Healed nas_copy(const media_db::MediaItem&, const fs::path& path);
    /// The local original. Throws NeedsPerson ("heal.no_source").
    Healed original(const media_db::MediaItem&);
    /// The small copy: the original's bytes are brought back; one that was made smaller is made again by compress (`from` says so).
    Healed small_copy(const media_db::MediaItem&, const media_db::Copy&);

private:
    Proven source_of(const media_db::MediaItem&, const std::vector<From>& order);
    std::optional<fs::path> set_nas_copy_aside(const media_db::MediaItem&, const fs::path&);
    std::optional<fs::path> set_aside(const fs::path& path, const Reason&);
    void put_in_place(const media_db::MediaItem&, const Proven&, const fs::path& path);
    void tell(const media_db::MediaItem&, std::string_view place, const Healed&);

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    const Clock& clock_;
    archive::Archive& archive_;
    Sources& sources_;
    RunId run_;
    archive::Stop stop_;
};

}  // namespace mediaferry::restore
