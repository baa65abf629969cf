#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The mount guard: whether what the held descriptor leads to is the archive, and what lies at the path is still that. Private to this folder.

#include <memory>
#include <optional>
#include <string>

#include "common/archive/marker.h"
#include "common/config/settings.h"
#include "common/files/store.h"
#include "common/types/bytes.h"

namespace mediaferry::archive::guard {

/// Opens the root, a folder or a share, and reads its marker. Throws Unavailable ("nas.unmounted"), NeedsPerson ("nas.other", "nas.marker").
struct Held {
    std::unique_ptr<files::Store> tree;
    Marker marker;
};
Held hold(const config::Archive&, const std::optional<std::string>& expected);
std::unique_ptr<files::Store> open_root(const config::Archive&);

/// Marker readable through the descriptor and the same; the path leads to the directory we hold. Throws Unavailable
/// ("nas.unmounted", "nas.detached", "nas.other", "nas.marker").
void identity(const files::Store&, const Marker&);
/// Throws Unavailable ("nas.read_only", "nas.denied", "nas.full").
void writable(const files::Store&, Bytes room);

}  // namespace mediaferry::archive::guard
