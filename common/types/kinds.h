#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The words for what a file is: to iCloud (ResourceKind), to the house (MediaKind), and where a copy lies (Place).

#include <optional>
#include <string_view>

namespace mediaferry {

/// Which of an asset's files this is. Renditions (thumbnails, medium sizes) have no word here: they are never kept.
enum class ResourceKind { original, alternative, live_movie, sidecar, edited, edited_movie };
/// What the bytes are, by content type and not by name.
enum class MediaKind { photo, raw, video, sidecar, other };
/// Where a copy lies. `local` is the original in a working folder, `library` the small copy that stays at home.
enum class Place { local, pixel, nas, library };

std::string_view to_text(ResourceKind);
std::string_view to_text(MediaKind);
std::string_view to_text(Place);
std::optional<ResourceKind> resource_kind_from_text(std::string_view);
std::optional<MediaKind> media_kind_from_text(std::string_view);
std::optional<Place> place_from_text(std::string_view);

}  // namespace mediaferry
