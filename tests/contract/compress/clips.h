#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Clips made with FFmpeg, small and short, sent through the stage.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/house.h"
#include "tests/support/tool.h"

namespace mediaferry::test {

/// A clip by FFmpeg; `how` comes after the inputs (0: pictures, 1 and 2: sound).
std::string film(const House&, const std::string& name, const std::string& how, const std::string& pictures = "mandelbrot=size=320x180:rate=30");

inline const std::string kX264 = "-map 0:v -c:v libx264 -preset ultrafast -crf 6 -pix_fmt yuv420p -t 1 ";
inline const std::string kX265 = "-map 0:v -c:v libx265 -preset ultrafast -crf 4 -tag:v hvc1 -pix_fmt yuv420p10le -t 0.8 ";

/// One tier, quick, easily pleased.
config::Compress tier_of(const std::string& codec);

struct Made {
    MediaId id;
    fs::path original, small;
    nlohmann::json metadata;
    std::string kept() const { return metadata.contains("kept") ? metadata["kept"]["code"].get<std::string>() : ""; }
};

/// All of them through one run: name and content.
std::vector<Made> compressed(House&, const std::vector<std::pair<std::string, std::string>>& clips);

/// What ffprobe tells.
std::string told(const fs::path&, const std::string& how);
/// Of each picture.
std::string times(const fs::path&);
/// A checksum a sound track.
std::string sound(const fs::path&);

}  // namespace mediaferry::test
