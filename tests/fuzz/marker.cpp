// SPDX-License-Identifier: GPL-3.0-or-later
// The file that says which archive a directory is.
#include "common/archive/marker.h"

#include <unistd.h>

#include <cstdlib>

#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

namespace {

const files::Tree& root() {
    static const auto tree = [] {
        const auto path = fs::temp_directory_path() / fs::unique_path("mediaferry-fuzz-marker-%%%%%%%%");
        fs::create_directories(path);
        std::atexit([] { fs::remove_all(root().root()); });
        return files::Tree::open(path);
    }();
    return tree;
}

}  // namespace

FUZZ(marker) {
    root().remove(archive::kMarkerName);
    auto file = root().create_new(archive::kMarkerName);
    require(::write(file.get(), input.data(), input.size()) == static_cast<ssize_t>(input.size()), "the disk is not full");
    const auto marker = archive::read_marker(root());
    require(marker.has_value() == !input.empty(), "a marker of nothing");
    if (marker) require(!marker->uuid.empty() && marker->version == 1, "a marker without a name, or of another version");
}
