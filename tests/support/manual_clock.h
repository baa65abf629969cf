#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A clock that stands still until it is moved.

#include "common/clock/clock.h"

namespace mediaferry::test {

class ManualClock final : public Clock {
public:
    explicit ManualClock(Timestamp start = Timestamp{std::chrono::seconds{1763640000}}) : now_(start) {}  // 2025-11-20T12:00:00Z
    Timestamp now() const override { return now_; }
    void advance(std::chrono::seconds by) { now_ += by; }
    void set(Timestamp to) { now_ = to; }

private:
    Timestamp now_;
};

}  // namespace mediaferry::test
