// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/exchange/intake.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/errors/errors.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/pipeline/working_name.h"

namespace mediaferry::exchange {

using media_db::SyncFile;

files::Lock take_turn(const config::Settings& settings) {
    auto lock = files::Lock::try_take(settings.state_directory() / "locks" / "exchange");
    if (!lock) throw TryLater("exchange.busy", "another mediaferry exchange is at work in this house; try again when it is done");
    return std::move(*lock);
}

std::string new_id(const std::string& kind, Timestamp now) {
    return kind + "-" + to_compact(now) + "-" + files::read_small_file("/proc/sys/kernel/random/uuid").substr(0, 8);
}

files::Digests digest_open(const files::Descriptor& file, const std::string& name, const std::function<bool()>& stop) {
    std::vector<char> block(1 << 20);
    files::Digester digester;
    for (off_t at = 0;;) {
        if (stop && stop()) throw Interrupted("interrupted", "asked to stop while reading " + name);
        const ssize_t got = ::pread(file.get(), block.data(), block.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) files::throw_errno(errno, "cannot read", name);
        if (got == 0) return digester.take();
        digester.add({block.data(), static_cast<std::size_t>(got)});
        at += got;
    }
}

Intake::Intake(const House& house, std::string operation)
    : house_(house), operation_(std::move(operation)), books_(house.db), backup_(files::Tree::open(house.settings.folders.backup)) {}

/// backup/2024/06/IMG_0001.JPG, as icloud_download places its own.
fs::path Intake::free_path(const OfferedFile& file, Timestamp taken) const {
    const auto& settings = house_.settings;
    const auto own = files::safe_name(file.filename);
    const auto name = settings.workflow.prefix_names ? pipeline::working_name(1, "icloud_download", house_.clock.now(), own) : own;
    const auto day = to_compact(taken);
    const auto wanted = settings.folders.backup / day.substr(0, 4) / day.substr(4, 2) / name;
    return files::free_name(wanted, [&](const fs::path& path) {
        return fs::symlink_status(path).type() != fs::file_not_found || books_.explains(path) ||
               !media_db::Evidence(house_.db).at_path(Place::local, path).empty();
    });
}

SyncFile Intake::reserve(const OfferedFile& file, Timestamp taken) {
    SyncFile reserved{0, operation_, std::nullopt, free_path(file, taken), file.sha256, "placing", ""};
    reserved.row = books_.placing(operation_, reserved.path, file.sha256);
    return reserved;
}

bool Intake::left_by_a_killed_run(const fs::path& relative, const OfferedFile& file, files::Digests& digests) const {
    const auto status = backup_.status(relative);
    if (!status || !S_ISREG(status->st_mode) || static_cast<std::uint64_t>(status->st_size) != file.size.count) return false;
    if (!media_db::Evidence(house_.db).at_path(Place::local, backup_.root() / relative).empty()) return false;
    digests = digest_open(backup_.open_read(relative), relative.string(), house_.stop);
    return digests.sha256 == file.sha256;
}

files::Digests Intake::place(const files::Tree& from, const fs::path& name, const OfferedFile& file, Timestamp taken, SyncFile& reserved) {
    files::Digests digests;
    fs::path relative = reserved.path.lexically_relative(backup_.root());
    if (backup_.status(relative)) {
        if (left_by_a_killed_run(relative, file, digests)) return digests;
        books_.settle(reserved.row, "withdrawn", std::nullopt, "another file took its place");
        reserved = reserve(file, taken);
        relative = reserved.path.lexically_relative(backup_.root());
    }
    const auto source = from.open_read(name);
    backup_.make_directories(relative.parent_path());
    const auto unfinished = relative.parent_path() / files::temporary_name();
    digests = files::copy_in(source.get(), backup_, unfinished, taken, house_.stop, {}, files::Checksums::with_apple);
    try {
        if (digests.sha256 != file.sha256 || digests.size != file.size)
            throw BadInput("exchange.changed", (from.root() / name).string() + " is not what the manifest says it is; ask for it again");
        backup_.rename_new(unfinished, relative);
    } catch (...) {
        backup_.remove(unfinished);
        throw;
    }
    backup_.sync_directory(relative.parent_path());
    return digests;
}

MediaId Intake::take_in(const media_db::SharedPhoto& photo, const OfferedFile& file, const files::Digests& digests, const SyncFile& placed,
                        const std::string& came_from) {
    const auto now = house_.clock.now();
    const bool had_a_name = !photo.record.starts_with("sha256:");
    media_db::NewMedia fresh;
    fresh.asset = books_.receive(photo, now);
    fresh.filename = file.filename;
    fresh.icloud_id = had_a_name ? photo.record : file.filename;
    fresh.resource_kind = file.resource;
    fresh.kind = file.kind;
    fresh.live_pair = photo.live_pair;
    fresh.sha256 = digests.sha256;
    fresh.apple_checksum = digests.apple_checksum;
    fresh.size = digests.size;
    fresh.taken = photo.taken;
    fresh.local_path = placed.path;
    fresh.fetched_by = "exchange";
    const auto media = media_db::Catalogue(house_.db).take_in(fresh, now, std::nullopt);
    const nlohmann::ordered_json detail{{"archive", photo.archive}, {"record", photo.record}, {"from", came_from}, {"path", file.path}};
    media_db::Events(house_.db).add({0, now, media, fresh.asset, std::nullopt, "exchange", "received",
                                     detail.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)});
    books_.settle(placed.row, "imported", media, "");
    return media;
}

void Intake::withdraw(const SyncFile& placed, const std::string& why) {
    const auto relative = placed.path.lexically_relative(backup_.root());
    const bool inside = !relative.empty() && *relative.begin() != "..";
    const auto status = inside ? backup_.status(relative) : std::nullopt;
    if (status && S_ISREG(status->st_mode) && media_db::Evidence(house_.db).at_path(Place::local, placed.path).empty() &&
        digest_open(backup_.open_read(relative), relative.string(), {}).sha256 == placed.sha256) {
        backup_.remove(relative);
        backup_.sync_directory(relative.parent_path());
    }
    books_.settle(placed.row, "withdrawn", std::nullopt, why);
}

}  // namespace mediaferry::exchange
