#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where in the archive a file belongs: `archive.layout`, a pure rule.

#include <string>
#include <string_view>
#include <vector>

#include "common/types/fs.h"
#include "common/types/kinds.h"
#include "common/types/timestamp.h"

namespace mediaferry::archive {

/// What a layout may speak of.
struct Described {
    std::string filename;  ///< original name
    Timestamp taken;       ///< capture date; its civil date in UTC counts
    MediaKind kind = MediaKind::photo;
    std::string account;
};

class Layout {
public:
    /// "{year}/{month}/{day}/{filename}/{kind}/{account}" in any order, with words of one's own. Throws ConfigError ("config.layout") for an
    /// unknown key, a missing {filename}, or a {filename} that is not in the last place.
    explicit Layout(std::string_view rule);

    /// Relative; every component is safe on any file system (files::safe_name), so a hostile name stays in its directory.
    fs::path place(const Described&) const;

private:
    std::vector<std::string> components_;
};

}  // namespace mediaferry::archive
