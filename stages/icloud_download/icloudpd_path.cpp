// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/icloudpd_path.h"

#include <array>
#include <ctime>

#include "common/icloud/names.h"

namespace mediaferry::stages {
namespace {

/// Characters that icloudpd replaces in names (its paths.py).
std::string cleaned(std::string name) {
    for (auto& letter : name)
        if (std::string_view{"<>:\"/\\|?*"}.find(letter) != std::string_view::npos || letter == '\0') letter = '_';
    return name;
}

/// First seven characters of base64(text of the master's record name).
std::string id7(const std::string& master_name) {
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    unsigned bits = 0;
    int held = 0;
    for (const char letter : master_name) {
        bits = bits << 8 | static_cast<unsigned char>(letter);
        held += 8;
        for (; held >= 6; held -= 6) text += kAlphabet[bits >> (held - 6) & 63];
        if (text.size() >= 7) break;
    }
    return text.substr(0, 7);
}

}  // namespace

std::string expand_folder_structure(const std::string& structure, Timestamp at) {
    if (structure == "none") return "";
    std::string result;
    const std::time_t seconds = at.time_since_epoch().count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    for (std::size_t i = 0; i < structure.size();) {
        const auto open = structure.find("{:", i);
        const auto close = open == std::string::npos ? open : structure.find('}', open);
        if (close == std::string::npos) return result + structure.substr(i);
        result += structure.substr(i, open - i);
        const auto format = structure.substr(open + 2, close - open - 2);
        std::array<char, 256> text{};
        if (!format.empty()) result.append(text.data(), std::strftime(text.data(), text.size(), format.c_str(), &parts));
        i = close + 1;
    }
    return result;
}

std::optional<fs::path> icloudpd_path(const media_db::Asset& asset, const media_db::Resource& resource, const std::string& folder_structure) {
    const fs::path name{cleaned(asset.filename)};
    const auto stem = name.stem().string();
    auto extension = icloud::extension_of(resource.file_type);
    if (extension.empty()) extension = name.extension().empty() ? "" : name.extension().string().substr(1);
    std::string file;
    switch (resource.kind) {
        case ResourceKind::original:
        case ResourceKind::alternative: file = stem + "_" + id7(asset.master_name) + "." + extension; break;
        case ResourceKind::live_movie: {
            const bool heic = name.extension() == ".HEIC" || name.extension() == ".heic";
            file = stem + "_" + id7(asset.master_name) + (heic ? "_HEVC.MOV" : ".MOV");
            break;
        }
        case ResourceKind::edited: file = stem + "-adjusted." + extension; break;
        case ResourceKind::sidecar:
        case ResourceKind::edited_movie: return std::nullopt;
    }
    return fs::path{expand_folder_structure(folder_structure, asset.taken)} / file;
}

}  // namespace mediaferry::stages
