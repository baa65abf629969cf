#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What decides how a file is made small: what its tier says of its kind, and our own way of working. Two small copies of one original made under
// one policy are the same, so none is made twice; a policy that changed tells which ones must be made again. Pure.

#include <string>
#include <string_view>

#include "common/config/settings.h"
#include "common/media_db/rows.h"

namespace mediaferry::stages {

/// The least that a small copy must save, as the tier says it or, where that is silent, the whole section.
struct LeastSaving {
    Bytes bytes;
    int percent = 0;
    /// Whether `after` bytes instead of `before` are worth a second generation.
    bool met(Bytes before, Bytes after) const;
};
LeastSaving least_saving(const config::Compress&, const config::Tier&, MediaKind);

/// The policy of what is never made smaller.
inline constexpr std::string_view kWhole = "whole";

/// "photo 2: {"quality": 82}, saves 65536 B and 15%". A text, so that a person can see what changed.
std::string policy_text(const config::Compress&, const config::Tier&, const media_db::MediaItem&);
/// Its first 16 hex digits of SHA-256: what a small copy's record holds.
std::string policy_of(const config::Compress&, const config::Tier&, const media_db::MediaItem&);

}  // namespace mediaferry::stages
