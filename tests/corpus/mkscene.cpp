// SPDX-License-Identifier: GPL-3.0-or-later
// mkscene SEED TYPE WIDTH HEIGHT: a picture (tests/support/scene.h) on stdout, as PPM. Build with -O3 -ffp-contract=off for the same bytes everywhere.

#include <cstdlib>
#include <iostream>

#include "tests/support/scene.h"

int main(int count, char** words) {
    using namespace mediaferry::test;
    if (count != 5) {
        std::cerr << "usage: mkscene SEED TYPE(0-5) WIDTH HEIGHT > FILE.ppm\n";
        return 64;
    }
    const int type = std::atoi(words[2]), width = std::atoi(words[3]), height = std::atoi(words[4]);
    if (type < 0 || type > 5 || width < 1 || height < 1 || width > 65'000 || height > 65'000) return 64;
    const auto picture = to_ppm(paint(static_cast<std::uint32_t>(std::atoi(words[1])), static_cast<Scene>(type), width, height));
    std::cout.write(picture.data(), static_cast<std::streamsize>(picture.size()));
    return std::cout.flush() ? 0 : 1;
}
