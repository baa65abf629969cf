#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Names in an archive that may be case-insensitive: a Samba share takes "IMG.JPG" and "img.jpg" for one file and overwrites silently.

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mediaferry::archive {

/// A name as a case-insensitive server compares it: lower case, of all letters. Bytes that are not UTF-8 stay as they are.
std::string folded(std::string_view name);
/// "IMG_1.JPG" for 1, "IMG_1-2.JPG" for 2, …
std::string numbered(std::string_view filename, int number);
/// "IMG_1" of "IMG_1.JPG", folded: files with the same one belong side by side.
std::string folded_stem(std::string_view filename);

/// The names in one directory.
class Listing {
public:
    Listing() = default;
    explicit Listing(const std::vector<std::string>& names);
    /// Every name there that a case-insensitive server takes for `name`.
    std::vector<std::string> like(std::string_view name) const;
    void add(std::string_view name);

private:
    std::unordered_multimap<std::string, std::string> by_fold_;
};

}  // namespace mediaferry::archive
