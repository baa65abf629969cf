#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Two kinds of version: which content of a file (a vector of counters, one per device) and which Syncthing answers.

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace mediaferry::syncthing {

/// Which content of a file: short device id -> counter. Equal vectors are equal content and metadata; their order in an answer is not fixed.
struct VersionVector {
    std::map<std::string, std::uint64_t> counters;

    bool empty() const { return counters.empty(); }
    /// Every counter of `earlier` is here and at least as high: this content descends from that one.
    bool descends_from(const VersionVector& earlier) const;
    friend bool operator==(const VersionVector&, const VersionVector&) = default;
};

/// From ["INRS4UI:1795194093", …]. Throws BadInput ("syncthing.nonsense") for anything else.
VersionVector vector_from_texts(const std::vector<std::string>&);
std::vector<std::string> to_texts(const VersionVector&);

/// "v1.19.2-ds1" -> 1.19.2.
struct SyncthingVersion {
    int major = 0, minor = 0, patch = 0;
    friend auto operator<=>(const SyncthingVersion&, const SyncthingVersion&) = default;
};
/// 0.0.0 when the text is no version.
SyncthingVersion syncthing_version(std::string_view);

/// The first seven characters: what version vectors and modifiedBy call a device.
std::string short_id(std::string_view device_id);

}  // namespace mediaferry::syncthing
