// SPDX-License-Identifier: GPL-3.0-or-later
// The metadata beside the photos on the NAS, where others can write: media.db is made from it when all else is lost.
#include "common/archive_index/capsule.h"

#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::attempt;
using fuzz::require;

FUZZ(capsule) {
    attempt([&] {
        const auto assets = archive_index::capsule_from_json(input);
        for (const auto& asset : assets) {
            for (const auto& file : asset.files) {
                require(fuzz::stays_below(file.path), "a photo outside the archive");
                for (const auto& place : file.incoming) require(fuzz::stays_below(place), "a placeholder outside incoming/");
            }
            require(archive_index::is_our_xmp(archive_index::to_xmp(asset)), "a sidecar of ours that is not known again");
        }
        const auto text = archive_index::to_json("2024/06", assets);
        require(archive_index::to_json("2024/06", archive_index::capsule_from_json(text)) == text, "a capsule that is written is read otherwise");
    });
    attempt([&] {
        const auto sums = archive_index::sums_from_text(input);
        require(archive_index::sums_from_text(archive_index::sums_text(sums)) == sums, "sums that are written are read otherwise");
    });
    archive_index::is_our_xmp(input);
}
