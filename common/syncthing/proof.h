#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What Syncthing's answers prove. Pure rules over parsed answers, to the letter of facts/syncthing.md C.3 (delivered), D.3 (freed) and D.5 (guards):
// anything not proven here is unknown, and unknown means keep.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/errors/errors.h"
#include "common/syncthing/answers.h"
#include "common/syncthing/receipt.h"
#include "common/types/fs.h"
#include "common/types/kinds.h"

namespace mediaferry::syncthing {

// ---- the folder (C.3, step 1) ----------------------------------------------------------------------------------------

struct FolderWanted {
    std::string folder;  ///< syncthing.pixel_folder_id
    fs::path outbox;     ///< folders.pixel_sync
    std::string phone;   ///< syncthing.pixel_device_id; "": the one other device
};
struct FolderFit {
    std::string phone;  ///< full device id
    std::string phone_name;
    bool phone_paused = false;  ///< the device is paused on the server
    bool may_link = false;      ///< permissions are ignored, so an inode shared with the original cannot become a second upload by a chmod
};
/// Throws NeedsPerson ("syncthing.folder") naming every deviation and its cure: the folder must exist, be send-only, unpaused, unencrypted, lie at
/// our outbox, be shared by exactly the server and the phone (no introducer, no auto-accept), and hide no deletions.
FolderFit folder_fit(const std::vector<FolderConfig>&, const std::vector<DeviceConfig>&, const ServerStatus&, const FolderWanted&);
/// Throws Unavailable ("syncthing.folder_error") while the folder is in error, NeedsPerson ("syncthing.ignores") when the server's side ignores
/// files.
void status_fit(const FolderStatus&, const std::string& folder);

// ---- the phone (C.3, step 2) -----------------------------------------------------------------------------------------

struct Phone {
    bool present = false;  ///< connected and sharing: what it says about files counts
    Reason reason;         ///< when not: pixel.away, pixel.paused, pixel.not_sharing, pixel.folder_paused, pixel.unknown
    std::string version;   ///< its Syncthing
    std::int64_t sequence = 0;
    std::string weakness;  ///< of what it proves (Delivery::weakness)
};
Phone phone_state(const FolderFit&, const std::optional<Connection>&, const Completion&, std::string_view server_version);

// ---- delivered (C.3, steps 4 to 6) -----------------------------------------------------------------------------------

/// The outbox file as stat(2) sees it, taken between the scan and the answer.
struct OnDisk {
    Bytes size;
    Moment modified;
};
enum class Arrival {
    delivered,      ///< the phone has exactly this version
    not_yet,        ///< it has not said so
    changed_here,   ///< the outbox file is gone, or no longer the one we staged
    changed_there,  ///< the phone (or whoever) has made another version of it
    deleted_there,  ///< the newest version is a deletion, not ours
};
struct Verdict {
    Arrival arrival = Arrival::not_yet;
    Reason reason;  ///< unless delivered
};
/// `answer` absent: the file is not in the index.
Verdict delivered(const std::optional<FileAnswer>& answer, const Receipt& staged, const std::optional<OnDisk>&, const std::string& phone);

// ---- freed (D.3) -----------------------------------------------------------------------------------------------------

/// Conditions 1 to 5; the sixth (folder and phone fit now) is the caller's. nullopt: not freed, `why_not` says which condition failed.
std::optional<Freed> freed(const FileAnswer&, const Receipt&, const std::string& phone, Timestamp now, std::string* why_not = nullptr);

/// What else the phone did in the folder: files of its own making (from db/need).
struct OnPhone {
    std::string name;
    std::uint64_t size = 0;
};
std::vector<OnPhone> made_on_phone(const std::vector<FileEntry>& need, const std::string& phone);
/// Names of what the phone deleted.
std::vector<std::string> deleted_on_phone(const std::vector<FileEntry>& need, const std::string& phone);

/// A reason to doubt that this deletion was "Free up space" (D.5): moved to Android's trash, moved or renamed on the phone, deleted sooner after its
/// arrival than `dwell`, delivered before `distrusted_since`.
std::optional<Reason> doubt(const Freed&, const Receipt&, const std::vector<OnPhone>&, std::chrono::seconds dwell, Timestamp distrusted_since);
/// Whether Google Photos can own such a file at all: another one that is deleted makes the whole look doubtful.
bool google_can_own(MediaKind);

/// How long after its arrival a deletion may count: pixel.dwell, at most a day.
std::chrono::seconds freed_dwell(std::chrono::seconds dwell);

}  // namespace mediaferry::syncthing
