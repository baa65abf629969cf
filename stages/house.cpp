// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/house.h"

#include <algorithm>
#include <charconv>

namespace mediaferry::stages {

using namespace std::chrono_literals;
using pipeline::Step;
using pipeline::Unit;

const std::vector<Step>& house() {
    static const std::vector<Step> steps{
        {"icloud_download", {}, "downloaded", Unit::none, true, 30min, "fetches what is new in iCloud and checks it against Apple's checksum"},
        {"pixel_sync",
         {"icloud_download"},
         "pixel_sync_ready",
         Unit::asset,
         true,
         30min,
         "fills the phone's next batch through the Syncthing folder"},
        {"pixel_verify", {"pixel_sync"}, "pixel_verified", Unit::item, true, 10min, "asks Syncthing until the phone has exactly these bytes"},
        {"nas_archive", {"icloud_download"}, "nas_archived", Unit::item, true, 2h, "copies to the NAS and reads every byte back"},
        {"processing", {"pixel_verify", "nas_archive"}, "processing_ready", Unit::item, true, 30min, "moves the proven original to the workshop"},
        {"compress", {"processing"}, "compressed", Unit::item, true, 4h, "makes the small copy that stays at home"},
        {"icloud_mark", {"compress"}, "icloud_delete_ready", Unit::asset, true, 30min, "files the asset in the album DeletePending"},
        {"icloud_delete", {"icloud_mark"}, "completed", Unit::none, true, 2h, "deletes from iCloud what is approved and proven"},
        {"cleanup", {}, "", Unit::none, false, 30min, "removes scratch and old trash, backs up media.db"},
    };
    return steps;
}

const Step* find_stage(std::string_view name_or_number) {
    const auto& steps = house();
    int number = 0;
    const auto* end = name_or_number.data() + name_or_number.size();
    if (const auto [stop, error] = std::from_chars(name_or_number.data(), end, number); error == std::errc{} && stop == end)
        return number >= 1 && number <= static_cast<int>(steps.size()) ? &steps[static_cast<std::size_t>(number - 1)] : nullptr;
    const auto found = std::ranges::find(steps, name_or_number, &Step::stage);
    return found == steps.end() ? nullptr : &*found;
}

int number_of(const Step& step) { return static_cast<int>(&step - house().data()) + 1; }

std::vector<std::string_view> effective_after(const Step& step, const std::function<bool(std::string_view)>& enabled) {
    std::vector<std::string_view> result;
    for (const auto name : step.after) {
        if (enabled(name)) {
            result.push_back(name);
            continue;
        }
        for (const auto further : effective_after(*find_stage(name), enabled)) result.push_back(further);
    }
    std::ranges::sort(result);
    result.erase(std::unique(result.begin(), result.end()), result.end());
    return result;
}

}  // namespace mediaferry::stages
