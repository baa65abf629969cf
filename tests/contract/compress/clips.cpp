// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/contract/compress/clips.h"

namespace mediaferry::test {

std::string film(const House& house, const std::string& name, const std::string& how, const std::string& pictures) {
    const auto path = (house.dir / name).string();
    std::vector<std::string> argv{
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", pictures, "-f", "lavfi", "-i", "sine=440", "-f", "lavfi", "-i", "sine=880:sample_rate=48000"};
    for (auto& word : words(how)) argv.push_back(std::move(word));
    argv.insert(argv.end(), {"-y", path});
    said_by(argv);
    return read(path);
}

config::Compress tier_of(const std::string& codec) {
    config::Compress settings;
    settings.tiers = {{"heavy", std::nullopt, {}, {false, codec, codec == "av1" ? 35 : 28, {}, codec == "av1" ? "12" : "ultrafast"}}};
    settings.tiers[0].video.floor = 0.9;
    settings.tiers[0].video.efficient_saving_percent = 10;
    settings.minimum_saving = Bytes{1000};
    settings.idle = false;
    return settings;
}

std::vector<Made> compressed(House& house, const std::vector<std::pair<std::string, std::string>>& clips) {
    std::vector<Made> made;
    for (const auto& [name, content] : clips) {
        Sample sample;
        sample.content = content;
        sample.kind = MediaKind::video;
        sample.folder = "compress";
        made.push_back({house.downloaded(name, sample), {}, {}, {}});
        house.done_up_to(made.back().id, "processing");
    }
    REQUIRE(house.run("compress").exit_code == 0);
    for (auto& one : made) {
        one.metadata = nlohmann::json::parse(house.item(one.id).compression_metadata);
        one.original = *house.item(one.id).local_path;
        one.small = house.settings.folders.library / house.copy(one.id, Place::library).value().path;
    }
    return made;
}

std::string told(const fs::path& file, const std::string& how) {
    std::vector<std::string> argv{"ffprobe", "-v", "error", "-of", "default=nw=1"};
    for (auto& word : words(how)) argv.push_back(std::move(word));
    argv.push_back(file.string());
    return said_by(argv);
}

std::string times(const fs::path& file) { return told(file, "-select_streams v -show_entries frame=pts"); }
std::string sound(const fs::path& file) {
    return said_by({"ffmpeg", "-v", "error", "-i", file.string(), "-map", "0:a", "-c", "copy", "-f", "streamhash", "-"});
}

}  // namespace mediaferry::test
