// SPDX-License-Identifier: GPL-3.0-or-later
// The file that says which archive a directory is.
#include "common/archive/marker.h"

#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

namespace {

const files::Folder& root() {
    static const fuzz::Scratch scratch;
    static const auto tree = files::Folder::open(scratch.path);
    return tree;
}

}  // namespace

FUZZ(marker) {
    root().remove(archive::kMarkerName);
    root().write_new(archive::kMarkerName, input);
    const auto marker = archive::read_marker(root());
    require(marker.has_value() == !input.empty(), "a marker of nothing");
    if (marker) require(!marker->uuid.empty() && marker->version == 1, "a marker without a name, or of another version");
}
