// SPDX-License-Identifier: GPL-3.0-or-later
// File names from outside, on their way through working folders, outbox and archive.
#include "common/archive/naming.h"
#include "common/files/files.h"
#include "common/pipeline/working_name.h"
#include "stages/pixel_sync/outbox_name.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::is_one_component;
using fuzz::require;

namespace {

void working(const std::string& safe) {
    const Timestamp now{std::chrono::seconds{1'700'000'000}};
    const auto name = pipeline::working_name(2, "pixel_sync", now, safe);
    require(is_one_component(name), "a working name is not one component");
    require(pipeline::own_name(name) == pipeline::own_name(safe), "a working name loses the own name");
    require(pipeline::working_name(5, "processing", now, name).size() <= name.size() + 2, "prefixes pile up");
}

void archived(const std::string& safe) {
    for (const int number : {1, 2, 9999}) {
        const auto name = archive::numbered(safe, number);
        require(is_one_component(name), "a numbered name is not one component");
        require(files::safe_name(name) == name || name.size() > 200, "a numbered name is not safe any more");
    }
    require(archive::folded(archive::folded(safe)) == archive::folded(safe), "folding twice differs");
    archive::Listing listing{{safe}};
    require(!listing.like(safe).empty(), "a name is not like itself");
}

void free(const std::string& name) {
    int asked = 0;
    const auto found = files::free_name(fs::path("folder") / name, [&](const fs::path&) { return ++asked < 3; });
    require(found.parent_path() == "folder" && is_one_component(found.filename().string()), "a free name is not one component of its folder");
}

void outbox(const std::string& safe) {
    media_db::MediaItem item;
    item.id = MediaId{7};
    item.asset = AssetId{3};
    item.filename = safe;
    auto twin = item;
    twin.id = MediaId{8};
    const auto names = stages::outbox_names({item, twin}, {item, twin}, [](const std::string& name, const media_db::MediaItem&) {
        return name.find("-2.") == std::string::npos && name.find("-2") == std::string::npos;
    });
    require(names.size() == 2 && names[0] != names[1], "two files get one name");
    for (const auto& name : names) {
        require(is_one_component(name) && name.size() <= stages::kLongestOutboxName && name.front() != '.', "a name that the phone may not take");
        for (const char c : name) require(c > 0x20 && c < 0x7f, "a name that is not plain ASCII");
    }
}

}  // namespace

FUZZ(names) {
    const auto safe = files::safe_name(input);
    require(is_one_component(safe) && safe.size() <= 200, "a safe name is not one component, or too long");
    require(files::safe_name(safe) == safe, "a safe name is made safe again");
    require(safe.front() != '.' && safe.back() != '.' && safe.back() != ' ', "a safe name begins or ends badly");
    require(files::printable(safe) == safe, "a safe name does not print as it is");
    for (const char c : files::printable(input)) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control character is shown");
    working(safe);
    archived(safe);
    free(safe);
    outbox(safe);
    files::is_temporary_name(input);
}
