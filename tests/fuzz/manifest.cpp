// SPDX-License-Identifier: GPL-3.0-or-later
// Another house's export list. Its last line is a checksum of all before it, which no chance would ever meet: it is put there.
#include "common/exchange/manifest.h"

#include "common/files/files.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::attempt;
using fuzz::require;

namespace {

void sound(std::string_view text) {
    const auto manifest = exchange::parse_manifest(text);
    require(exchange::is_list_id(manifest.list), "a list without an id");
    for (const auto& photo : manifest.photos) {
        require(!photo.files.empty(), "a photo without a file");
        for (const auto& file : photo.files) {
            require(fuzz::stays_below(file.path) && fuzz::is_one_component(file.filename), "a file outside the folder of the list");
            require(file.size.count > 0, "a file of no size");
        }
    }
    const auto again = exchange::to_text(manifest);
    require(exchange::parse_manifest(again) == manifest, "a list that is written is read otherwise");
}

}  // namespace

FUZZ(manifest) {
    attempt([&] { sound(input); });
    attempt([&] {
        std::string text(input);
        if (!text.ends_with('\n')) text += '\n';
        sound(text + R"({"end":")" + to_hex(files::digest_bytes(text).sha256) + "\"}\n");
    });
    exchange::is_plain_name(input);
    if (exchange::is_plain_path(input)) require(fuzz::stays_below(fs::path(std::string(input))), "a plain path that leads out");
}
