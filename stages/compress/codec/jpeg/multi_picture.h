#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The list of further pictures behind a JPEG (MPF, an APP2 segment: HDR gain map, second view): sizes, and offsets that change with the picture in
// front of them. Pure; CIPA DC-007.

#include <cstdint>
#include <string_view>

namespace mediaferry::stages {

/// Whether this segment (marker and length included) is such a list.
bool is_picture_list(std::string_view segment);

/// Whether it can be read and every further picture lies in the trailer, which must be of the same buffer, behind the segment.
bool lies_in_trailer(std::string_view segment, std::string_view trailer);

/// Writes into the list that the first picture is `first_size` bytes long and that the others lie `shift` bytes further away from the list.
/// Only for a list that passed lies_in_trailer().
void move_pictures(char* segment, std::size_t size, std::size_t first_size, std::int64_t shift);

}  // namespace mediaferry::stages
