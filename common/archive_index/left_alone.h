#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What in a tree is nobody's photo: our own books, temporary files, trash, and what NAS systems and Syncthing keep for themselves. Pure.

#include <string_view>

namespace mediaferry::archive_index {

/// Never indexed, never compared; nothing in any trash counts as a copy. `trash`: archive.trash, a folder at the root.
bool left_alone(std::string_view path, std::string_view name, bool directory, std::string_view trash);

inline constexpr std::string_view kSums = "SHA256SUMS";
inline constexpr std::string_view kCapsule = "mediaferry.json";
/// One of the books that lie beside the photos of a folder.
bool is_book(std::string_view name);

}  // namespace mediaferry::archive_index
