#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: one CPLAsset record and its CPLMaster as an Asset.

#include <nlohmann/json.hpp>

#include "common/icloud/records.h"

namespace mediaferry::icloud {

/// `master` may be null: the asset then carries the hold "icloud.no_master".
Asset read_asset(const nlohmann::json& asset, const nlohmann::json& master);
/// Record name of the master that an asset points to; "" when it points nowhere.
std::string master_of(const nlohmann::json& asset);

}  // namespace mediaferry::icloud
