#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Which files an audit reads: a share of them by lot, and of every folder at least one. Pure; the same seed draws the same files.

#include <cstdint>
#include <map>
#include <string>

#include "common/types/ids.h"

namespace mediaferry::daemon {

class AuditSample {
public:
    AuditSample(int percent, std::uint64_t seed) : percent_(percent), seed_(seed) {}
    /// First every file is told, with the folder that it lies in.
    void tell(const std::string& folder, MediaId);
    /// Then it is known of each whether it is read.
    bool chosen(const std::string& folder, MediaId) const;

private:
    std::uint64_t lot(MediaId) const;

    int percent_;
    std::uint64_t seed_;
    std::map<std::string, std::pair<std::uint64_t, MediaId>> lowest_;
};

}  // namespace mediaferry::daemon
