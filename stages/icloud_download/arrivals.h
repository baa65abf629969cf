#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What icloudpd left in incoming/, judged file by file against Apple's checksums.

#include <cstdint>

#include "common/stage/run.h"

namespace mediaferry::stages {

struct Arrivals {
    std::int64_t taken_in = 0;   ///< resources that have a file now
    std::int64_t repeated = 0;   ///< content that we had already
    std::int64_t set_aside = 0;  ///< matched nothing: moved to trash/set_aside with the reason
    std::int64_t left = 0;       ///< matched nothing, but the census was incomplete: judged again next time
};

/// Judges every file below incoming/. With `census_complete` a file that matches no listed checksum is set aside; without, it stays.
Arrivals take_arrivals(stage::Run&, bool census_complete);

/// What is wrong with an arrival that matches no listed checksum, as far as its bytes tell: download.empty, download.page, download.mismatch.
Reason why_nothing_matches(const fs::path& file, Bytes size);

/// Shares the content of a taken-in file with those listed resources of the same checksum that still lack one (two assets on one master).
std::int64_t serve_same_content(stage::Run&, const std::string& apple_checksum);

}  // namespace mediaferry::stages
