// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/contract/icloud_delete/world.h"

#include "common/archive/archive.h"
#include "common/archive/known.h"
#include "common/archive/receipt.h"
#include "common/files/files.h"
#include "common/syncthing/receipt.h"

namespace mediaferry::test {

using namespace std::chrono_literals;

DeletingHouse::DeletingHouse() {
    settings.icloud_delete.require = {"nas"};
    settings.icloud_delete.approval = config::ICloudDelete::Approval::automatic;
    settings.icloud_delete.max_share_percent = 100;
    settings.syncthing.api_key = {true, "nobody listens", "a test"};  // stored receipts need no Syncthing
    archive::Archive::initialise(settings.archive, clock.now());
}

void DeletingHouse::archived(MediaId id) {
    const auto file = item(id);
    auto archive = archive::open_known(db(), settings.archive, clock.now());
    const auto source = files::Tree::open(file.local_path->parent_path()).open_read(file.local_path->filename());
    archive::Incoming incoming;
    incoming.source = source.get();
    incoming.wanted = fs::path("2024") / "05" / file.filename;
    incoming.sha256 = file.sha256;
    incoming.size = file.size;
    incoming.modified = file.taken;
    const auto stored = archive.store(incoming);
    const auto then = clock.now() - 48h;
    media_db::Copy copy;
    copy.media = id;
    copy.place = Place::nas;
    copy.path = stored.path;
    copy.sha256 = file.sha256;
    copy.size = file.size;
    copy.proof = "read_back";
    copy.written = then;
    copy.proven = copy.checked = then;
    copy.receipt = archive::first_receipt(archive, stored, then);
    media_db::Evidence(db()).add(copy);
}

void DeletingHouse::filed(const Photo& photo) {
    apple.call("file", {{"asset", photo.key}, {"album", settings.icloud.album}});
    census();
    media_db::Catalogue(db()).set_filed(photo.asset, row(photo).change_tag, clock.now());
    for (const auto id : photo.files) media_db::Catalogue(db()).set_flags(id, {}, true, true, {}, clock.now());
}

void DeletingHouse::freed(const Photo& photo) {
    const syncthing::VersionVector version{{{"SERVER1", 1}}};
    for (const auto id : photo.files) {
        const auto file = item(id);
        syncthing::Receipt receipt;
        receipt.folder = settings.syncthing.pixel_folder_id;
        receipt.name = file.filename;
        receipt.size = file.size;
        receipt.sha256 = to_hex(file.sha256);
        receipt.delivery = syncthing::Delivery{"PHONE-ID", version, clock.now() - 72h, "v1.29.0", "v1.29.0", 1, "", clock.now() - 24h};
        receipt.freed = syncthing::Freed{version, clock.now() - 2h, clock.now() - 1h};
        media_db::Copy copy;
        copy.media = id;
        copy.place = Place::pixel;
        copy.path = file.filename;
        copy.sha256 = file.sha256;
        copy.size = file.size;
        copy.proof = "freed";
        copy.written = clock.now() - 73h;
        copy.proven = clock.now() - 72h;
        copy.receipt = syncthing::to_json(receipt);
        media_db::Evidence(db()).add(copy);
    }
}

IcloudHouse::Photo DeletingHouse::deletable(const std::string& key, const Contents& contents) {
    const auto photo = arrived(key, "icloud_delete", contents);
    media_db::Catalogue catalogue{db()};
    for (const auto id : photo.files) {
        archived(id);
        const auto from = *item(id).local_path;
        const auto to = folder("delete_pending") / "2024" / "05" / from.filename();
        files::make_directories(to.parent_path());
        files::move_file(from, to);
        catalogue.set_local_path(id, to, clock.now());
    }
    const auto first = item(photo.file());
    catalogue.add_placeholder(photo.key + "_A.JPG", first.id, first.size, clock.now());
    files::make_placeholder(placeholder(photo), first.size, first.taken);
    filed(photo);
    return photo;
}

bool DeletingHouse::untouched(const Photo& photo) {
    if (apple.is_deleted(photo.key) || row(photo).deleted || row(photo).gone) return false;
    for (const auto id : photo.files) {
        const auto file = item(id);
        if (!file.local_path || !fs::exists(*file.local_path) || file.deleted_icloud || status(id, "icloud_delete") == pipeline::StepStatus::done)
            return false;
    }
    return true;
}

bool DeletingHouse::completed(const Photo& photo) {
    if (!apple.is_deleted(photo.key) || !row(photo).deleted) return false;
    for (const auto id : photo.files) {
        const auto file = item(id);
        if (file.local_path || !file.deleted_icloud || file.status != "completed" || status(id, "icloud_delete") != pipeline::StepStatus::done)
            return false;
        if (read(nas_file(id)).size() != file.size.count) return false;
    }
    return !fs::exists(placeholder(photo));
}

void DeletingHouse::approve() { media_db::Plans(db()).approve(plan("proposed").value().id, "a test", clock.now()); }

}  // namespace mediaferry::test
