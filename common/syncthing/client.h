#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The REST API of the server's own Syncthing. Its key is an administrator's, so what may be said to it is a list in the code: GET, and
// POST /rest/db/scan. Never db/override (sends every freed file again, deletes the phone's own), never a config write.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/http/http.h"
#include "common/syncthing/answers.h"

namespace mediaferry::syncthing {

/// Whether this house may send that request at all; `path` without its query.
bool allowed(std::string_view method, std::string_view path);

/// All calls throw Unavailable: syncthing.unreachable, .host_check, .other_instance, .refused (any other status), .nonsense; SignInRequired
/// ("syncthing.key") when the API key is not accepted.
class Client {
public:
    /// Throws SignInRequired ("syncthing.no_key") when the config names no API key.
    explicit Client(const config::Syncthing&);

    std::vector<FolderConfig> folders();
    std::vector<DeviceConfig> devices();
    std::map<std::string, Connection> connections();
    std::map<std::string, Timestamp> last_seen();
    ServerStatus status();
    FolderStatus folder_status(const std::string& folder);
    Completion completion(const std::string& folder, const std::string& device);
    /// nullopt: not in the index, or no such folder. That proves nothing about the file.
    std::optional<FileAnswer> file(const std::string& folder, const std::string& name);
    /// Everything the server lacks; asked page by page.
    std::vector<FileEntry> need(const std::string& folder);
    /// Has Syncthing look at these files (all of them when empty) and waits until it has.
    void scan(const std::string& folder, const std::vector<std::string>& names);

    /// Of the last answer: "v1.19.2-ds1".
    const std::string& server_version() const { return server_version_; }
    /// The full device id of the instance that answers.
    const std::string& server_id() const { return server_id_; }

private:
    http::Response send(std::string_view method, const std::string& path, const std::string& query);
    http::Response answered(const http::Request&, bool once_more);
    std::string get(const std::string& path, const std::string& query = "");
    void know(const http::Response&);

    http::Client http_;
    std::string url_, key_, server_version_, server_id_;
};

}  // namespace mediaferry::syncthing
