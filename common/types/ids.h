#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Row ids that cannot be swapped for one another.

#include <compare>
#include <cstdint>

namespace mediaferry {

template <class Tag>
struct Id {
    std::int64_t value = 0;
    friend auto operator<=>(Id, Id) = default;
};

using MediaId = Id<struct MediaTag>;        ///< one file: one row of `media`
using AssetId = Id<struct AssetTag>;        ///< one photo as iCloud counts it: one row of `asset`
using ResourceId = Id<struct ResourceTag>;  ///< one file that iCloud lists for an asset: one row of `resource`
using CopyId = Id<struct CopyTag>;          ///< evidence of one copy: one row of `copy`
using RunId = Id<struct RunTag>;            ///< one stage run: one row of `run`
using WorkflowId = Id<struct WorkflowTag>;  ///< one walk through the house: one row of `workflow`
using PlanId = Id<struct PlanTag>;          ///< one deletion plan: one row of `plan`

}  // namespace mediaferry
