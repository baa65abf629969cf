// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/road.h"

#include <sys/stat.h>

#include "common/errors/errors.h"

namespace mediaferry::syncthing {
namespace {

/// More single names than this take longer to scan than the whole folder does.
constexpr std::size_t kFewNames = 100;

}  // namespace

Road::Road(const config::Settings& settings)
    : client_(settings.syncthing),
      folder_(settings.syncthing.pixel_folder_id),
      wanted_phone_(settings.syncthing.pixel_device_id),
      outbox_(settings.folders.pixel_sync) {}

const FolderFit& Road::check() {
    const auto now = std::chrono::steady_clock::now();
    if (fit_ && now - checked_ < std::chrono::minutes{1}) return *fit_;
    fit_.reset();
    const auto server = client_.status();
    auto fit = folder_fit(client_.folders(), client_.devices(), server, {folder_, outbox_, wanted_phone_});
    boost::system::error_code ignored;
    if (!fs::is_directory(outbox_, ignored))
        throw Unavailable{"pixel.outbox", "the outbox " + outbox_.string() + " (folders.pixel_sync) is not there: is its disk mounted?"};
    if (!fs::exists(outbox_ / ".stfolder", ignored))
        throw Unavailable{"pixel.outbox", "Syncthing's marker .stfolder is missing in " + outbox_.string() +
                                              ": is the right disk mounted? Only if it is, put the marker back (mkdir .stfolder)"};
    status_fit(client_.folder_status(folder_), folder_);
    fit_ = std::move(fit);
    checked_ = now;
    return *fit_;
}

Phone Road::phone() {
    const auto& fit = check();
    const auto all = client_.connections();
    const auto found = all.find(fit.phone);
    auto phone = phone_state(fit, found == all.end() ? std::nullopt : std::optional{found->second}, client_.completion(folder_, fit.phone),
                             client_.server_version());
    if (phone.reason.code == "pixel.away") {
        const auto seen = client_.last_seen();
        const auto last = seen.find(fit.phone);
        phone.reason.text += last == seen.end() ? " (never seen yet)" : " (last seen " + to_iso(last->second) + ")";
    }
    return phone;
}

void Road::scan(const std::vector<std::string>& names) { client_.scan(folder_, names.size() > kFewNames ? std::vector<std::string>{} : names); }

std::optional<OnDisk> Road::on_disk(const std::string& name) const {
    struct stat status {};
    if (::lstat((outbox_ / name).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return OnDisk{{static_cast<std::uint64_t>(status.st_size)}, {Timestamp{std::chrono::seconds{status.st_mtim.tv_sec}}, status.st_mtim.tv_nsec}};
}

Road::Look Road::look(const Receipt& receipt, Timestamp now) {
    const auto phone_id = check().phone;
    const auto before = phone();
    const auto disk = on_disk(receipt.name);
    Look look;
    look.answer = ask(receipt.name);
    look.verdict = delivered(look.answer, receipt, disk, phone_id);
    if (look.verdict.arrival == Arrival::changed_here) return look;
    if (!before.present) {
        look.verdict = {Arrival::not_yet, before.reason};
        return look;
    }
    if (look.verdict.arrival != Arrival::delivered) return look;
    // The phone may have gone between the two answers: availability counts only framed by its presence.
    const auto after = phone();
    if (!after.present || after.sequence <= 0) {
        look.verdict = {Arrival::not_yet, after.present ? Reason{"pixel.waiting", "the phone has not sent its index yet"} : after.reason};
        return look;
    }
    look.proof = Delivery{phone_id, look.answer->local.version, now, server_version(), after.version, after.sequence, after.weakness, std::nullopt};
    return look;
}

}  // namespace mediaferry::syncthing
