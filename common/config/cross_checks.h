#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What no single key can know: keys that contradict each other.

#include "common/config/faults.h"
#include "common/config/settings.h"

namespace mediaferry::config {

/// Settles defaults that hang on other keys (folders below their root, the harbours that are on, Apple's host in China).
/// `faults` knows which keys the file gives.
void settle_defaults(Settings&, const Faults&);
/// Adds a fault or warning for every contradiction between keys.
void cross_check(const Settings&, Faults&);

}  // namespace mediaferry::config
