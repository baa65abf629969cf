#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What doctor looks at, one function an area. Each really asks; none changes anything.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"

namespace mediaferry::daemon {

struct Finding {
    enum class Kind { good, note, bad } kind = Kind::good;
    std::string what;  ///< what was looked at, and what is so
    std::string cure;  ///< what to do; for note and bad
};
using Findings = std::vector<Finding>;

Findings check_folders(const config::Settings&);
Findings check_config(const config::Settings&);
Findings check_database(const config::Settings&);
Findings check_icloudpd(const config::Settings&);
Findings check_icloud(const config::Settings&);
Findings check_syncthing(const config::Settings&);
Findings check_nas(const config::Settings&);
Findings check_modules(const config::Settings&);
Findings check_codecs(const config::Settings&);
Findings check_system(const config::Settings&);

struct Area {
    std::string_view name;
    Findings (*check)(const config::Settings&);
};
const std::vector<Area>& areas();

}  // namespace mediaferry::daemon
