#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the house calls a file that iCloud lists, and what kind of bytes a file holds. Pure.

#include <string>
#include <string_view>

#include "common/types/kinds.h"

namespace mediaferry::icloud {

/// The name of one of an asset's files: the camera's own name for the original; its stem with ".MOV" for a live movie, "-adjusted" and the type's
/// extension for an edit, "-adjusted.MOV" for an edited movie, ".AAE" for a sidecar, and the type's extension for the alternative
/// of a RAW pair. Safe as one path component (files::safe_name).
std::string file_name(std::string_view asset_filename, ResourceKind, std::string_view file_type);

/// Extension that icloudpd gives a uniform type identifier, without the dot ("public.jpeg" -> "JPG"); "" for one it does not know.
std::string extension_of(std::string_view file_type);

/// What the first bytes say (64 are enough), then iCloud's type, then the extension: content wins.
MediaKind kind_of(std::string_view head, std::string_view file_type, std::string_view name);

/// An HTML, XML or JSON page: what a server sends in place of a photo. (An AAE sidecar is XML too: kind_of() knows the difference.)
bool looks_like_text(std::string_view head);

}  // namespace mediaferry::icloud
