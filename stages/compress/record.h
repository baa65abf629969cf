#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What is written down of a file's copy in the library (media.compression_metadata): enough to know whether it must ever be made again.

#include <map>
#include <optional>
#include <string>

#include "common/errors/errors.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::stages {

struct Record {
    std::string tier;
    Timestamp tier_since;  ///< when it came into that tier
    std::string policy;    ///< policy_of() then; "" before policies were written down
    Sha256 original, copy;
    Bytes before, after;
    fs::path path;           ///< in the library
    bool from_copy = false;  ///< made of an older small copy, its original was away: to be made again
    Timestamp at;
    std::optional<Reason> kept;  ///< why the original bytes stayed
    std::string how, tools;
    double psnr = 0, cpu_seconds = 0;
    std::map<std::string, double> measures;
};

std::string to_json(const Record&);
/// nullopt: nothing was written down yet, or by somebody else.
std::optional<Record> record_from(const std::string& json);

/// `json` with the record of a copy that is about to take this one's place. A run that dies between that and its row leaves a file of which only this
/// tells whose it is.
std::string with_intention(const std::string& json, const Record&);
std::optional<Record> intention_in(const std::string& json);

}  // namespace mediaferry::stages
