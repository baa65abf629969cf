// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_sample.h"

#include <utility>

namespace mediaferry::daemon {

/// splitmix64: every number gets its own, evenly spread.
std::uint64_t AuditSample::lot(MediaId id) const {
    auto z = seed_ + 0x9e3779b97f4a7c15ULL * (static_cast<std::uint64_t>(id.value) + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void AuditSample::tell(const std::string& folder, MediaId id) {
    const std::pair mine{lot(id), id};
    const auto [found, fresh] = lowest_.try_emplace(folder, mine);
    if (!fresh && mine < found->second) found->second = mine;
}

bool AuditSample::chosen(const std::string& folder, MediaId id) const {
    if (percent_ <= 0) return false;
    if (lot(id) % 10'000 < static_cast<std::uint64_t>(percent_) * 100) return true;
    const auto found = lowest_.find(folder);
    return found != lowest_.end() && found->second.second == id;
}

}  // namespace mediaferry::daemon
