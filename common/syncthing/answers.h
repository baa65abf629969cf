#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What Syncthing's REST API answers, as far as we ask it (facts/syncthing.md B.4; 1.19 to 2.x). Parsing only: what an answer proves is judged in
// proof.h. Every function throws Unavailable ("syncthing.nonsense") for an answer of another shape.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/syncthing/version.h"
#include "common/types/timestamp.h"

namespace mediaferry::syncthing {

/// A file's modification time, to the nanosecond.
struct Moment {
    Timestamp seconds{};
    std::int64_t nanoseconds = 0;
    friend auto operator<=>(const Moment&, const Moment&) = default;
};
/// RFC 3339 with 0 to 9 fractional digits and any zone; nullopt otherwise.
std::optional<Moment> moment_from_text(std::string_view);
std::string to_text(const Moment&);

/// One side's entry for a file. An absent entry has an empty name and otherwise zero values.
struct FileEntry {
    std::string name;
    bool is_file = false, deleted = false, invalid = false, ignored = false, must_rescan = false;
    std::uint64_t size = 0;
    std::optional<Moment> modified;
    std::string modified_by;  ///< short device id
    VersionVector version;

    bool present() const { return !name.empty(); }
};

/// GET /rest/db/file.
struct FileAnswer {
    struct Holder {
        std::string device;
        bool from_temporary = false;
    };
    std::vector<Holder> availability;
    FileEntry global, local;
};

/// One folder of GET /rest/config/folders.
struct FolderConfig {
    std::string id, path, type;
    bool paused = false, ignore_delete = false, ignore_permissions = false, encrypted = false;
    std::vector<std::string> devices;
};

/// One device of GET /rest/config/devices.
struct DeviceConfig {
    std::string id, name;
    bool paused = false, introducer = false, auto_accept = false, untrusted = false;
};

/// One device of GET /rest/system/connections.
struct Connection {
    bool connected = false, paused = false;
    std::string client_version;
};

/// GET /rest/db/completion. Only what is no decoration.
struct Completion {
    std::string remote_state;  ///< "" before Syncthing 1.20
    std::int64_t sequence = 0;
    std::int64_t need_items = 0;
};

/// GET /rest/db/status.
struct FolderStatus {
    std::string state, error;
    bool ignore_patterns = false;
};

/// GET /rest/system/status.
struct ServerStatus {
    std::string id, home;  ///< `home`: what "~" in a folder's path stands for
};

FileAnswer file_answer(std::string_view json);
std::vector<FolderConfig> folder_configs(std::string_view json);
std::vector<DeviceConfig> device_configs(std::string_view json);
std::map<std::string, Connection> connections(std::string_view json);
Completion completion(std::string_view json);
FolderStatus folder_status(std::string_view json);
ServerStatus server_status(std::string_view json);
/// One page of GET /rest/db/need: what the server lacks, that is what the phone changed, made or deleted.
std::vector<FileEntry> need_page(std::string_view json);
/// GET /rest/stats/device: when each device was last seen; those never seen are left out.
std::map<std::string, Timestamp> last_seen(std::string_view json);

}  // namespace mediaferry::syncthing
