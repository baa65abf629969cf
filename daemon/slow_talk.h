#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Progress on stderr, of work that takes long: a line that moves on a terminal, a line now and then elsewhere, nothing in the first seconds.

#include <chrono>
#include <cstdint>
#include <string>

namespace mediaferry::daemon {

class SlowTalk {
public:
    /// Says nothing at all unless `wanted`.
    explicit SlowTalk(bool wanted);
    ~SlowTalk();
    SlowTalk(const SlowTalk&) = delete;
    SlowTalk& operator=(const SlowTalk&) = delete;
    /// `of` 0: not known.
    void operator()(const std::string& doing, std::int64_t done, std::int64_t of);

private:
    bool wanted_, terminal_, moving_ = false;
    std::chrono::steady_clock::time_point next_;
};

}  // namespace mediaferry::daemon
