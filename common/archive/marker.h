#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The file that says "this directory is an archive, and which one". An unmounted NAS is an empty directory: without the marker nothing is written.

#include <optional>
#include <string>

#include "common/files/store.h"
#include "common/types/timestamp.h"

namespace mediaferry::archive {

inline constexpr const char* kMarkerName = ".mediaferry-nas";

struct Marker {
    std::string uuid;
    Timestamp created;
    int version = 1;
};

/// nullopt: there is no marker, or an empty file in its place. Throws NeedsPerson ("nas.marker") when it cannot be understood.
std::optional<Marker> read_marker(const files::Store&);
/// Takes away what a write_marker that died over a share left under the marker's name: a rename's mark.
void clear_dead_mark(const files::Store&);
/// Writes a new marker with a random uuid, fsynced, by rename. Throws TransientError ("file.exists") when there is one.
Marker write_marker(const files::Store&, Timestamp now);

}  // namespace mediaferry::archive
