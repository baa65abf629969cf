// SPDX-License-Identifier: GPL-3.0-or-later
// What a photo is, by its bytes: every file has an answer, and what says that there is a way to make it smaller is of a kind that has one.
#include "stages/compress/codec/jpeg/kind.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using namespace mediaferry::stages;
using fuzz::require;

FUZZ(photo_kind) {
    const auto facts = look_at_photo(input);
    require(facts.format.empty() == (facts.kind == PhotoKind::unknown), "a kind without a name, or a name without a kind");
    require(facts.further.size() < 16 && std::ranges::none_of(facts.further, &std::string::empty), "pictures that nobody can name");
    const auto why = kept_for_its_kind(facts, input.size(), {});
    require(!why || (why->code.starts_with("photo.") && !why->text.empty()), "kept without a reason");
    if (!why) {
        require(facts.kind == PhotoKind::jpeg || facts.kind == PhotoKind::png, "a kind that nobody makes smaller");
        require(facts.kind == PhotoKind::jpeg || static_cast<double>(facts.width) * facts.height <= 128e6, "larger than the gate");
    }
    for (const auto* name : {".JPG", ".heic", ".png", ".DNG", "", ".", ".x"}) misnamed(facts, name);
}
