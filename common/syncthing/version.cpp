// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/version.h"

#include <algorithm>
#include <charconv>

#include "common/errors/errors.h"

namespace mediaferry::syncthing {

bool VersionVector::descends_from(const VersionVector& earlier) const {
    return std::ranges::all_of(earlier.counters, [&](const auto& entry) {
        const auto ours = counters.find(entry.first);
        return ours != counters.end() && ours->second >= entry.second;
    });
}

VersionVector vector_from_texts(const std::vector<std::string>& texts) {
    VersionVector result;
    for (const auto& text : texts) {
        const auto colon = text.find(':');
        std::uint64_t counter = 0;
        const auto* end = text.data() + text.size();
        const auto* digits = colon == std::string::npos ? end : text.data() + colon + 1;
        const auto [stop, error] = std::from_chars(digits, end, counter);
        if (colon == 0 || digits == end || error != std::errc{} || stop != end || !result.counters.emplace(text.substr(0, colon), counter).second)
            throw BadInput{"syncthing.nonsense", "Syncthing gave a version that is none: " + text.substr(0, 60)};
    }
    return result;
}

std::vector<std::string> to_texts(const VersionVector& vector) {
    std::vector<std::string> result;
    for (const auto& [device, counter] : vector.counters) result.push_back(device + ":" + std::to_string(counter));
    return result;
}

SyncthingVersion syncthing_version(std::string_view text) {
    SyncthingVersion result;
    const auto* at = text.data();
    const auto* end = at + text.size();
    if (at != end && *at == 'v') ++at;
    for (int* part : {&result.major, &result.minor, &result.patch}) {
        const auto [stop, error] = std::from_chars(at, end, *part);
        if (error != std::errc{}) return part == &result.major ? SyncthingVersion{} : result;
        at = stop;
        if (at == end || *at != '.') break;
        ++at;
    }
    return result;
}

std::string short_id(std::string_view device_id) { return std::string(device_id.substr(0, 7)); }

}  // namespace mediaferry::syncthing
