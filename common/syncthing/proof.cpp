// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/proof.h"

#include <algorithm>
#include <cctype>

#include "common/syncthing/version.h"

namespace mediaferry::syncthing {
namespace {

using namespace std::chrono_literals;

/// The path as the disk knows it: "~" expanded, links followed, no trailing slash.
fs::path as_on_disk(const std::string& path, const std::string& home) {
    fs::path whole = path == "~" || path.starts_with("~/") ? fs::path{home + path.substr(1)} : fs::path{path};
    boost::system::error_code ignored;
    const auto canonical = fs::weakly_canonical(whole, ignored);
    if (!ignored) whole = canonical;
    whole = whole.lexically_normal();
    if (whole.filename() == "." || whole.filename() == "/") whole = whole.parent_path();
    return whole;
}

const DeviceConfig* device(const std::vector<DeviceConfig>& all, const std::string& id) {
    const auto found = std::ranges::find(all, id, &DeviceConfig::id);
    return found == all.end() ? nullptr : &*found;
}

void check_folder(const FolderConfig& folder, const ServerStatus& server, const FolderWanted& wanted, std::vector<std::string>& faults) {
    if (folder.type != "sendonly")
        faults.push_back("its type is '" + folder.type +
                         "': set Folder Type to 'Send Only' (Edit > Advanced), or the phone could change and delete files here");
    if (folder.paused) faults.push_back("it is paused: resume it");
    if (folder.encrypted) faults.push_back("it is shared encrypted: remove the encryption password");
    if (folder.ignore_delete) faults.push_back("ignoreDelete is on: switch it off (Advanced Configuration), it hides what the phone frees");
    if (as_on_disk(folder.path, server.home) != as_on_disk(wanted.outbox.string(), server.home))
        faults.push_back("its path is " + folder.path + ", but folders.pixel_sync is " + wanted.outbox.string() + ": make them the same");
}

/// The other device, or "" and a fault.
std::string the_phone(const FolderConfig& folder, const ServerStatus& server, const FolderWanted& wanted, std::vector<std::string>& faults) {
    std::vector<std::string> others;
    for (const auto& id : folder.devices)
        if (id != server.id) others.push_back(id);
    if (others.size() == folder.devices.size()) faults.push_back("this Syncthing itself is not among its devices");
    if (others.empty()) faults.push_back("it is shared with nobody: share it with the phone");
    if (others.size() > 1) faults.push_back("it is shared with " + std::to_string(others.size()) + " other devices: share it with the phone only");
    if (others.size() != 1) return "";
    if (!wanted.phone.empty() && wanted.phone != others.front()) {
        faults.push_back("it is shared with " + short_id(others.front()) + "…, not with syncthing.pixel_device_id " + short_id(wanted.phone) + "…");
        return "";
    }
    return others.front();
}

/// ".trashed-1764230400-IMG_1.JPG" is IMG_1.JPG in Android's trash.
bool is_trashed(const std::string& name, const std::string& of) {
    constexpr std::string_view prefix = ".trashed-";
    if (!name.starts_with(prefix)) return false;
    auto at = prefix.size();
    while (at < name.size() && std::isdigit(static_cast<unsigned char>(name[at])) != 0) ++at;
    return at > prefix.size() && at < name.size() && name[at] == '-' && name.substr(at + 1) == of;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool live(const FileEntry& entry) { return entry.present() && !entry.deleted && !entry.invalid; }

}  // namespace

FolderFit folder_fit(const std::vector<FolderConfig>& folders, const std::vector<DeviceConfig>& devices, const ServerStatus& server,
                     const FolderWanted& wanted) {
    const auto folder = std::ranges::find(folders, wanted.folder, &FolderConfig::id);
    std::vector<std::string> faults;
    FolderFit fit;
    if (folder == folders.end()) {
        faults.push_back("there is no folder with this ID: add it (Send Only, path " + wanted.outbox.string() +
                         "), or set syncthing.pixel_folder_id");
    } else {
        check_folder(*folder, server, wanted, faults);
        fit.phone = the_phone(*folder, server, wanted, faults);
        fit.may_link = folder->ignore_permissions && folder->type == "sendonly";
    }
    if (!fit.phone.empty()) {
        if (const auto* phone = device(devices, fit.phone)) {
            fit.phone_name = phone->name;
            fit.phone_paused = phone->paused;
            if (phone->introducer) faults.push_back("the phone is an introducer: switch that off, it could bring other devices into the folder");
            if (phone->auto_accept) faults.push_back("folders of the phone are accepted automatically: switch that off");
            if (phone->untrusted) faults.push_back("the phone is marked untrusted: it would get encrypted files");
        } else {
            faults.push_back("the phone " + short_id(fit.phone) + "… is not among Syncthing's devices");
        }
    }
    if (faults.empty()) return fit;
    std::string text = "Syncthing's folder '" + wanted.folder + "' cannot be used:";
    for (const auto& fault : faults) text += "\n  - " + fault;
    throw NeedsPerson{"syncthing.folder", text};
}

void status_fit(const FolderStatus& status, const std::string& folder) {
    if (status.state == "error" || !status.error.empty())
        throw Unavailable{"syncthing.folder_error",
                          "Syncthing's folder '" + folder + "' is in error: " + (status.error.empty() ? "see its web page" : status.error)};
    if (status.ignore_patterns)
        throw NeedsPerson{"syncthing.ignores", "Syncthing's folder '" + folder +
                                                   "' has ignore patterns on this server: remove them (Edit > Ignore Patterns), "
                                                   "or files would silently never be sent"};
}

Phone phone_state(const FolderFit& fit, const std::optional<Connection>& connection, const Completion& completion, std::string_view server_version) {
    const auto server = syncthing_version(server_version);
    Phone phone;
    phone.sequence = completion.sequence;
    if (connection) phone.version = connection->client_version;
    if (server < SyncthingVersion{1, 20, 0}) phone.weakness = "before_1_20";
    if (server >= SyncthingVersion{2, 0, 0}) phone.weakness = "ignores_unseen";
    if (fit.phone_paused || (connection && connection->paused)) {
        phone.reason = {"pixel.paused", "the phone is paused in Syncthing: resume it there"};
    } else if (!connection || !connection->connected) {
        phone.reason = {"pixel.away", "the phone is not connected: is it charged, in the Wi-Fi, and Syncthing running on it?"};
    } else if (completion.remote_state == "valid" || (completion.remote_state.empty() && server < SyncthingVersion{1, 20, 0})) {
        phone.present = true;
    } else if (completion.remote_state == "paused") {
        phone.reason = {"pixel.folder_paused", "the folder is paused on the phone: resume it there"};
    } else if (completion.remote_state == "notSharing") {
        phone.reason = {"pixel.not_sharing", "the phone does not share the folder (any more): accept or share it again in the phone's Syncthing"};
    } else {
        phone.reason = {"pixel.unknown", "Syncthing does not know the phone's state ('" + completion.remote_state + "')"};
    }
    return phone;
}

Verdict delivered(const std::optional<FileAnswer>& answer, const Receipt& staged, const std::optional<OnDisk>& disk, const std::string& phone) {
    if (!disk) return {Arrival::changed_here, {"pixel.outbox_missing", "no file lies in the outbox any more under its name, " + staged.name}};
    if (disk->size != staged.size || disk->modified != staged.modified)
        return {Arrival::changed_here, {"pixel.outbox_changed", staged.name + " in the outbox was changed after it was put there"}};
    if (!answer || !answer->local.present()) return {Arrival::not_yet, {"pixel.not_indexed", "Syncthing has not taken the file up yet"}};
    const auto& local = answer->local;
    const auto& global = answer->global;
    if (local.name != staged.name || !local.is_file || local.deleted || local.invalid || local.ignored || local.must_rescan ||
        local.size != disk->size.count || local.modified != disk->modified)
        return {Arrival::not_yet, {"pixel.not_scanned", "Syncthing does not know the file as it is on disk now"}};
    if (local.version.empty()) return {Arrival::not_yet, {"pixel.not_scanned", "Syncthing has given the file no version yet"}};
    if (global.deleted) return {Arrival::deleted_there, {"pixel.deleted_there", "the file was deleted on the phone"}};
    if (!live(global) || global.version != local.version)
        return {Arrival::changed_there, {"pixel.changed_there", "there is another version of the file than ours: it was changed on the phone"}};
    const bool holds = std::ranges::any_of(answer->availability, [&](const auto& one) { return one.device == phone && !one.from_temporary; });
    if (!holds) return {Arrival::not_yet, {"pixel.waiting", "the phone does not have the file yet"}};
    return {Arrival::delivered, {}};
}

std::optional<Freed> freed(const FileAnswer& answer, const Receipt& receipt, const std::string& phone, Timestamp now, std::string* why_not) {
    const auto no = [&](const char* why) -> std::optional<Freed> {
        if (why_not != nullptr) *why_not = why;
        return std::nullopt;
    };
    if (!receipt.delivery || receipt.delivery->device != phone) return no("its delivery to this phone was never proven");
    const auto& proven = receipt.delivery->version;
    const auto& global = answer.global;
    const auto& local = answer.local;
    if (global.name != receipt.name || !global.deleted || global.invalid) return no("the phone has not deleted it");
    if (global.modified_by != short_id(phone)) return no("somebody else than the phone deleted it");
    if (!global.version.descends_from(proven)) return no("what the phone deleted is not what was delivered");
    if (local.name != receipt.name || local.deleted || local.invalid || local.version != proven)
        return no("the file in the outbox is not the delivered one");
    if (!global.modified) return no("the deletion has no time");
    return Freed{global.version, global.modified->seconds, now};
}

std::vector<OnPhone> made_on_phone(const std::vector<FileEntry>& need, const std::string& phone) {
    std::vector<OnPhone> result;
    for (const auto& entry : need)
        if (entry.is_file && !entry.deleted && entry.modified_by == short_id(phone)) result.push_back({entry.name, entry.size});
    return result;
}

std::vector<std::string> deleted_on_phone(const std::vector<FileEntry>& need, const std::string& phone) {
    std::vector<std::string> result;
    for (const auto& entry : need)
        if (entry.deleted && entry.modified_by == short_id(phone)) result.push_back(entry.name);
    return result;
}

std::optional<Reason> doubt(const Freed& freed, const Receipt& receipt, const std::vector<OnPhone>& made, std::chrono::seconds dwell,
                            Timestamp distrusted_since) {
    static const std::string again = " To send it once more: mediaferry redo pixel_sync ID, then mediaferry release ID";
    for (const auto& file : made) {
        if (is_trashed(base_name(file.name), receipt.name))
            return Reason{"pixel.trashed", "the phone moved it to its trash: that is a deletion by hand, not 'Free up space'." + again};
        if (file.size == receipt.size.count && file.name != receipt.name)
            return Reason{"pixel.moved_on_phone", "it was moved or renamed on the phone (now perhaps " + file.name + "), not freed." + again};
    }
    if (receipt.delivery->at < distrusted_since)
        return Reason{"pixel.proof_stale", "its delivery was proven before the phone's Syncthing was reset or the folder was shared anew." + again};
    const auto least = freed_dwell(dwell);
    // Without a dwell the phone's clock is not asked: it may be behind ours by more than the file took.
    if (least > 0s && (freed.phone_time - receipt.delivery->at < least || freed.at - receipt.delivery->at < least))
        return Reason{"pixel.freed_too_soon", "it was deleted on the phone too soon after it arrived to be uploaded for certain." + again};
    return std::nullopt;
}

bool google_can_own(MediaKind kind) { return kind == MediaKind::photo || kind == MediaKind::raw || kind == MediaKind::video; }

std::chrono::seconds freed_dwell(std::chrono::seconds dwell) { return std::min<std::chrono::seconds>(dwell, 24h); }

}  // namespace mediaferry::syncthing
