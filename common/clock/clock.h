#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Time is passed in, so that tests can move it.

#include "common/types/timestamp.h"

namespace mediaferry {

class Clock {
public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
public:
    Timestamp now() const override;
};

}  // namespace mediaferry
