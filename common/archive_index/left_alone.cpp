// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive_index/left_alone.h"

#include <algorithm>
#include <array>

namespace mediaferry::archive_index {

bool left_alone(std::string_view path, std::string_view name, bool directory, std::string_view trash) {
    if (name.starts_with(".mediaferry")) return true;
    if (!directory) return name == ".DS_Store" || name == "Thumbs.db" || name == "desktop.ini" || name.starts_with("._");
    constexpr std::array<std::string_view, 9> folders{"#recycle",  "@Recycle",     "@eaDir",    "#snapshot", ".stversions",
                                                      ".stfolder", "$RECYCLE.BIN", ".snapshot", "lost+found"};
    return path == trash || name.starts_with(".Trash-") || name == ".Trash" || std::ranges::find(folders, name) != folders.end();
}

bool is_book(std::string_view name) { return name == kSums || name == kCapsule; }

}  // namespace mediaferry::archive_index
