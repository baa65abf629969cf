// SPDX-License-Identifier: GPL-3.0-or-later
// What happens between two runs, and in the middle of one: people, places, lies.
#include <algorithm>

#include "common/errors/errors.h"
#include "tests/property/lying_icloud/digests.h"
#include "tests/property/lying_icloud/world.h"

namespace mediaferry::lying {

using namespace std::chrono_literals;

TrueAsset* World::asset(std::uint32_t which) {
    auto& all = apple_.library.assets;
    return all.empty() ? nullptr : &all[which % all.size()];
}

void World::add_asset() {
    TrueAsset fresh;
    const auto number = std::to_string(++made_);
    fresh.name = "ASSET-" + number;
    fresh.filename = "IMG_" + std::string(made_ % 3 == 0 ? "1" : number) + ".JPG";  // cameras count anew
    const auto now = house_.clock.now().time_since_epoch().count();
    fresh.taken_ms = fresh.added_ms = (static_cast<std::int64_t>(now) - 86'400 * 40 + made_ * 3600) * 1000;
    auto& library = apple_.library;
    const auto file = [&](std::size_t size) { return "\xff\xd8\xff" + draw_.bytes(size); };
    library.put(fresh.on_master, "resOriginal", file(600 + draw_.below(3000)));
    switch (draw_.below(6)) {
        case 0:
            library.put(fresh.on_master, "resOriginalVidCompl",
                        std::string("\0\0\0\x14"
                                    "ftypqt  ",
                                    12) +
                            draw_.bytes(900));
            break;
        case 1: library.put(fresh.on_master, "resOriginalAlt", std::string("II*\0", 4) + draw_.bytes(1200)); break;
        case 2: library.put(fresh.on_asset, "resJPEGFull", file(500)); break;
        case 3: library.put(fresh.on_master, "resSidecar", "<plist>" + number + "</plist>"); break;
        default: break;
    }
    fresh.master = fresh.on_master.begin()->second.checksum;
    library.touch(fresh);
    library.assets.push_back(std::move(fresh));
}

/// The owner does something to a photo while the client is talking about it.
void World::change(std::uint32_t which) {
    auto* photo = asset(which / 4);
    if (!photo || photo->deleted) return;
    switch (which % 4) {
        case 0: apple_.library.put(photo->on_asset, "resJPEGFull", "\xff\xd8\xff" + draw_.bytes(700)); break;
        case 1: photo->hidden = !photo->hidden; break;
        case 2: apple_.library.put_on_master(photo->master, "resSidecar", "<plist>" + draw_.bytes(40) + "</plist>"); break;
        default: break;  // a favourite: only the tag tells
    }
    apple_.library.touch(*photo);
}

void World::approve(bool old) {
    media_db::Plans plans{house_.db()};
    std::optional<media_db::Plan> plan;
    if (old && !plans_.empty())
        plan = plans.plan(plans_.front());
    else
        plan = plans.open_plan("proposed");
    if (!plan) return;
    const bool may = plan->status == "proposed";
    try {
        plans.approve(plan->id, "a person", house_.clock.now());
        if (!may) wrong("a plan that was " + plan->status + " could be approved");
    } catch (const BadInput&) {
        if (may) throw;
        return;
    }
    for (const auto& item : plan->items) {
        const auto row = media_db::Catalogue(house_.db()).asset(item.asset).value();
        judge_.approved(row.record_name, item.change_tag, item.resources);
    }
}

bool World::cloud(const Step& step) {
    if (step.what.starts_with("lie:")) {
        apple_.lies.push_back({step.what.substr(4), static_cast<int>(step.much % 5), 1 + static_cast<int>(step.much / 5 % 4), step.which});
    } else if (step.what == "add") {
        add_asset();
    } else if (step.what == "duplicate") {
        const auto* photo = asset(step.which);
        if (!photo) return true;
        auto twin = *photo;
        twin.name = "ASSET-" + std::to_string(++made_);
        twin.deleted = twin.hidden = false;
        apple_.library.touch(twin);
        apple_.library.assets.push_back(std::move(twin));
    } else if (step.what == "stop") {
        stop_in_ = 1 + static_cast<int>(step.which % 30);
    } else {
        return false;
    }
    return true;
}

bool World::person(const Step& step) {
    auto& library = apple_.library;
    auto* photo = asset(step.which);
    const auto album = std::ranges::find_if(library.albums, [](const TrueAlbum& one) { return !one.deleted; });
    if (step.what == "edit" || step.what == "touch") {
        change(step.which / 4 * 4 + (step.what == "touch" ? 3 : step.much % 2 == 0 ? 0 : 2));
    } else if (step.what == "remove" || step.what == "undelete") {
        if (photo && photo->deleted != (step.what == "remove")) photo->deleted = step.what == "remove", library.touch(*photo);
    } else if (step.what == "hide" || step.what == "unhide") {
        if (photo && photo->hidden != (step.what == "hide")) photo->hidden = step.what == "hide", library.touch(*photo);
    } else if (step.what == "replace") {  // another original under the same name, as "Revert to original" or a repaired upload does
        if (photo) library.put_on_master(photo->master, "resOriginal", "\xff\xd8\xff" + draw_.bytes(900)), library.touch(*photo);
    } else if (step.what == "unfile") {
        if (photo)
            for (auto& one : library.albums) one.members.erase(photo->name);
    } else if (step.what == "file") {
        if (photo && album != library.albums.end()) album->members.insert(photo->name);
    } else if (step.what == "delete_album") {
        if (album != library.albums.end()) album->deleted = true;
    } else if (step.what == "make_album") {
        if (album == library.albums.end()) library.albums.push_back({"BY-HAND-" + std::to_string(++made_), apple_.album, false, {}});
    } else if (step.what == "approve" || step.what == "approve_old") {
        approve(step.what == "approve_old");
    } else if (step.what == "plan") {
        ::setenv("MEDIAFERRY_PLAN_ONLY", "1", 1);
        const auto before = judge_.deletions;
        run("icloud_delete");
        ::unsetenv("MEDIAFERRY_PLAN_ONLY");
        if (judge_.deletions != before) wrong("`mediaferry plan` deleted something");
    } else if (step.what == "redo" || step.what == "release") {
        if (step.what == "release") {
            media_db::Conveyor(house_.db()).release_all(house_.clock.now());
            return true;
        }
        if (!photo) return true;
        const auto row = media_db::Catalogue(house_.db()).asset_named(house_.settings.icloud.username, "PrimarySync", photo->name);
        if (!row) return true;
        for (const auto& item : media_db::Catalogue(house_.db()).items_of(row->id)) try {
                media_db::Conveyor(house_.db()).redo(item.id, step.much % 2 == 0 ? "icloud_mark" : "nas_archive", house_.clock.now());
            } catch (const BadInput&) {
            }
    } else {
        return false;
    }
    return true;
}

bool World::places(const Step& step) {
    if (step.what == "nas_change" || step.what == "nas_remove") {
        if (sequence_.nas_is_touched) touch_nas(step.which, step.what == "nas_remove");
    } else if (step.what == "nas_away") {  // and back: what is mounted there now is empty
        const auto real = house_.nas(), aside = house_.dir / "nas.away";
        if (judge_.nas_is_away)
            fs::remove_all(real), fs::rename(aside, real);
        else
            fs::rename(real, aside), fs::create_directories(real);
        judge_.nas_is_away = !judge_.nas_is_away;
    } else if (step.what == "phone_away") {
        phone_.connected = !phone_.connected;
    } else if (step.what == "free") {
        phone_.free_up_space();
    } else if (step.what == "bring") {
        bring(step.which, step.much);
    } else {
        return false;
    }
    return true;
}

/// What icloudpd brings of a file: whole, or in one of the ways it is known to damage it.
void World::bring(std::uint32_t which, std::uint32_t how) {
    const auto* photo = asset(which);
    if (!photo) return;
    const auto files = photo->files();
    auto bytes = files[how % files.size()]->bytes;
    switch (how / 8 % 8) {
        case 0: bytes.resize(bytes.size() / 2); break;
        case 1: bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 1); break;
        case 2: bytes = "<html>Service Unavailable</html>"; break;
        case 3: bytes += bytes; break;
        case 4: bytes.clear(); break;
        case 5: bytes = "\xff\xd8\xff a photo of somebody else" + draw_.bytes(100); break;
        default: break;
    }
    test::write(house_.dir / "bring" / "2025" / "10" / (photo->name + "_" + std::to_string(how % files.size()) + ".JPG"), bytes);
}

/// A copy on the NAS rots, or somebody tidies up there: its size and times stay, as after a bad sector.
void World::touch_nas(std::uint32_t which, bool remove) {
    if (judge_.nas().empty() || judge_.nas_is_away) return;
    const auto& [path, seen] = *std::next(judge_.nas().begin(), static_cast<std::ptrdiff_t>(which % judge_.nas().size()));
    spoilt_.insert(seen.first);
    house_.clock.advance(1s);
    auto bytes = bytes_of(path).value();
    const auto modified = fs::last_write_time(path);
    if (remove) {
        fs::remove(path);
    } else if (!bytes.empty()) {
        bytes[which % bytes.size()] = static_cast<char>(bytes[which % bytes.size()] ^ 4);
        fs::permissions(path, fs::add_perms | fs::owner_write);
        test::write(path, bytes);
        fs::last_write_time(path, modified);
    }
    judge_.look_at_nas();
}

}  // namespace mediaferry::lying
