// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/notify/episodes.h"

namespace mediaferry::notify {

Episodes::Episodes(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        const auto blank = line.find(' ');
        if (blank != std::string::npos) open_.emplace(line.substr(0, blank), line.substr(blank + 1));
    }
}

bool Episodes::should_notify(std::string_view stage, std::string_view code, bool failing) {
    const std::pair key{std::string(stage), std::string(code)};
    return failing ? open_.insert(key).second : open_.erase(key) > 0;
}

std::vector<std::string> Episodes::recovered(std::string_view stage) {
    std::vector<std::string> codes;
    for (auto episode = open_.begin(); episode != open_.end();) {
        if (episode->first != stage) {
            ++episode;
            continue;
        }
        codes.push_back(episode->second);
        episode = open_.erase(episode);
    }
    return codes;
}

std::vector<std::string> Episodes::lines() const {
    std::vector<std::string> lines;
    for (const auto& [stage, code] : open_) lines.push_back(stage + " " + code);
    return lines;
}

}  // namespace mediaferry::notify
