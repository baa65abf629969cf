// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/pixel_sync/outbox_name.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace mediaferry::stages {
namespace {

using media_db::MediaItem;

/// Room for "step02_pixel_sync_20250115_143022_", "-adjusted", the number and an extension.
constexpr std::size_t kLongestStem = 60;
constexpr std::size_t kLongestExtension = 12;

bool plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '_');
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// ".HEIC", or "" when it is none that every file system takes.
std::string extension_of(const std::string& filename) {
    auto extension = fs::path{filename}.extension().string();
    if (extension.size() < 2 || extension.size() > kLongestExtension) return "";
    const bool fits = std::all_of(extension.begin() + 1, extension.end(), [](char c) { return plain(c); });
    return fits ? extension : "";
}

const MediaItem& original_among(const std::vector<MediaItem>& all) {
    const auto found = std::ranges::find(all, ResourceKind::original, &MediaItem::resource);
    return found == all.end() ? all.front() : *found;
}

std::string name_of(const MediaItem& file, const MediaItem& original, int attempt) {
    auto stem = ascii_stem(fs::path{original.filename}.stem().string()).substr(0, kLongestStem);
    const bool edit = file.resource == ResourceKind::edited || file.resource == ResourceKind::edited_movie;
    if (edit && !stem.ends_with("-adjusted")) stem += "-adjusted";
    // While the original is not here yet the alternative's own name says it.
    const bool twin = file.resource == ResourceKind::alternative && original.resource == ResourceKind::original &&
                      lower(extension_of(file.filename)) == lower(extension_of(original.filename));
    if (twin) stem += "-alternative";
    stem += file.asset ? "-" + std::to_string(file.asset->value) : "-f" + std::to_string(file.id.value);
    if (attempt > 1) stem += "-" + std::to_string(attempt);
    return stem + extension_of(file.filename);
}

}  // namespace

std::string ascii_stem(std::string_view stem) {
    std::string result;
    for (const char c : stem) {
        if (plain(c))
            result += c;
        else if (result.empty() || result.back() != '_')
            result += '_';
    }
    if (std::ranges::all_of(result, [](char c) { return c == '_' || c == '-'; })) return "photo";
    return result;
}

std::vector<std::string> outbox_names(const std::vector<MediaItem>& files, const std::vector<MediaItem>& all,
                                      const std::function<bool(const std::string&, const MediaItem&)>& used) {
    if (files.empty()) return {};
    const auto& original = original_among(all.empty() ? files : all);
    for (int attempt = 1;; ++attempt) {
        std::vector<std::string> names;
        std::set<std::string> taken;
        for (const auto& file : files) {
            auto name = name_of(file, original, attempt);
            // Two files of one asset with one kind and extension: the row's own number tells them apart.
            if (taken.contains(lower(name)))
                name = fs::path{name}.stem().string() + "-f" + std::to_string(file.id.value) + extension_of(file.filename);
            taken.insert(lower(name));
            names.push_back(std::move(name));
        }
        bool free = true;
        for (std::size_t at = 0; at < names.size() && free; ++at) free = !used(names[at], files[at]);
        if (free) return names;
    }
}

}  // namespace mediaferry::stages
