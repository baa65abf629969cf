// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/files/files.h"
#include "stages/cleanup/leftovers.h"

using mediaferry::stages::is_unfinished_name;

TEST_CASE("Only names of our own transfers and icloudpd's count as unfinished", "[cleanup]") {
    CHECK(is_unfinished_name(mediaferry::files::temporary_name()));
    CHECK(is_unfinished_name("AFWGGZ3XMVZHI6LVNFXXAYLTMRTGO2DK.part"));
    CHECK(is_unfinished_name("MFXGC3TEMVTGM2LDMVXGIZLO====.part"));
    const auto* const foreign =
        GENERATE("holiday.part", "movie.mkv.part", "IMG_0001.JPG", ".part", "PART.part", "afwggz3xmvzhi6lvnfxxayltmrtgo2dk.part", ".hidden");
    CHECK_FALSE(is_unfinished_name(foreign));
}
