// SPDX-License-Identifier: GPL-3.0-or-later
// archive.layout, and the places it gives to files with any name: never outside the archive.
#include "common/archive/layout.h"

#include "common/config/values.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

namespace {

void places(const std::string& rule, const std::string& filename) {
    const archive::Layout layout{rule};
    for (const auto kind : {MediaKind::photo, MediaKind::sidecar})
        require(fuzz::stays_below(layout.place({filename, Timestamp{std::chrono::seconds{1'700'000'000}}, kind, filename})),
                "a place outside the archive");
}

}  // namespace

FUZZ(layout) {
    const auto both = fuzz::in_two(input);
    const std::string_view rule = both.first, filename = both.second;
    fuzz::attempt([&] {
        bool taken = true;
        try {
            places(std::string(rule), std::string(filename));
        } catch (const ConfigError&) {
            taken = false;
        }
        require(taken || !config::layout_is_valid(rule), "a layout that the config takes and the archive does not");
    });
    places("{year}/{month}/{filename}", std::string(input));
    places("{account}/{year}/x{filename}", std::string(input));
}
