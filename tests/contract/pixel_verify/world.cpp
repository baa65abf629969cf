// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/contract/pixel_verify/world.h"

#include <sys/stat.h>

#include <chrono>

namespace mediaferry::test {

using namespace std::chrono_literals;

PhoneWorld::PhoneWorld() : pair(house.dir / "syncthing", house.settings.folders.pixel_sync) {
    pair.tell(house.settings);
    // The phone's clock is the real one; ours starts there and is then moved by hand.
    house.clock.set(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
    house.settings.pixel.dwell = 0s;
}

MediaId PhoneWorld::staged(const std::string& name, unsigned seed, MediaKind kind, std::size_t size) {
    const auto id = house.downloaded(name, {.content = noise(size, seed), .kind = kind});
    house.done_up_to(id, "pixel_sync");
    const auto item = house.item(id);
    fs::copy_file(*item.local_path, outbox() / name);
    fs::last_write_time(outbox() / name, Sample{}.taken.time_since_epoch().count());
    syncthing::Receipt receipt;
    receipt.folder = "pixel";
    receipt.name = name;
    receipt.size = item.size;
    receipt.modified = {Sample{}.taken, 0};
    receipt.sha256 = to_hex(item.sha256);
    media_db::Copy copy;
    copy.media = id;
    copy.place = Place::pixel;
    copy.path = name;
    copy.sha256 = item.sha256;
    copy.size = item.size;
    copy.proof = "staged";
    copy.written = house.clock.now();
    copy.receipt = syncthing::to_json(receipt);
    media_db::Evidence(house.db()).add(copy);
    return id;
}

MediaId PhoneWorld::delivered(const std::string& name, unsigned seed, MediaKind kind) {
    const auto id = staged(name, seed, kind);
    run();
    if (proof(id) == "staged") throw std::runtime_error(name + " was not delivered: " + reason(id));
    return id;
}

std::string PhoneWorld::proof(MediaId id) {
    std::string proof;
    for (const auto& copy : media_db::Evidence(house.db()).of(id))
        if (copy.place == Place::pixel) proof = copy.proof;
    return proof;
}

syncthing::Receipt PhoneWorld::receipt(MediaId id) {
    std::string text;
    for (const auto& copy : media_db::Evidence(house.db()).of(id))
        if (copy.place == Place::pixel) text = copy.receipt;
    return syncthing::receipt_from_json(text);
}

}  // namespace mediaferry::test
