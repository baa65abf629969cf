// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/clock/trusted_clock.h"

#include <time.h>

#include <fstream>

namespace mediaferry {

namespace {

using std::chrono::seconds;

constexpr seconds kTolerance = std::chrono::hours{1};
constexpr seconds kDoubt = std::chrono::hours{24};
/// A clock that says less was never set (a board without a battery): it is no witness.
constexpr Timestamp kNotBefore{seconds{1735689600}};  // 2025-01-01

seconds since_boot() {
    timespec time{};
    ::clock_gettime(CLOCK_BOOTTIME, &time);
    return seconds{time.tv_sec};
}

std::string this_boot() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    file.exceptions(std::ios::badbit);  // without memory there is no answer, and not another boot
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace

Timestamp believed(ClockReading& known, Timestamp wall, seconds now) {
    const Timestamp expected = known.wall + (now - known.since_boot);
    const bool agree = std::chrono::abs(wall - expected) <= kTolerance;
    if (!agree && known.wall >= kNotBefore) {
        if (!known.doubted) known.doubted = now;
        if (now - *known.doubted < kDoubt) return expected;
    }
    known.wall = wall;
    known.since_boot = now;
    known.doubted.reset();
    return wall;
}

TrustedClock::TrustedClock(const std::optional<ClockReading>& known) {
    const auto boot = this_boot();
    // Without its name one start of the machine cannot be told from another.
    if (known && !boot.empty() && known->boot == boot && known->since_boot <= since_boot())
        known_ = *known;
    else
        known_ = {boot, since_boot(), SystemClock{}.now(), {}};
}

Timestamp TrustedClock::now() const { return believed(known_, SystemClock{}.now(), since_boot()); }

}  // namespace mediaferry
