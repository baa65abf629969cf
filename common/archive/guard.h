#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The mount guard: whether what the held descriptor leads to is the archive, and what lies at the path is still that. Private to this folder.

#include <optional>
#include <string>

#include "common/archive/marker.h"
#include "common/files/files.h"
#include "common/types/bytes.h"

namespace mediaferry::archive::guard {

/// Opens the root and reads its marker. Throws Unavailable ("nas.unmounted"), NeedsPerson ("nas.other", "nas.marker").
struct Held {
    files::Tree tree;
    Marker marker;
};
Held hold(const fs::path& root, const std::optional<std::string>& expected);
files::Tree open_root(const fs::path& root);

/// Marker readable through the descriptor and the same; the path leads to the directory we hold. Throws Unavailable
/// ("nas.unmounted", "nas.detached", "nas.other", "nas.marker").
void identity(const files::Tree&, const Marker&);
/// Throws Unavailable ("nas.read_only", "nas.denied", "nas.full").
void writable(const files::Tree&, Bytes room);

}  // namespace mediaferry::archive::guard
