#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Two real Syncthing processes on 127.0.0.1: the home server's (send-only, its folder is the given outbox) and the phone's (send-receive). Connected
// and scanned when the constructor returns. The phone is a folder: what a person or an app does there, the test does to its files.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "common/config/settings.h"
#include "common/types/fs.h"

namespace mediaferry::test {

class SyncthingPair {
public:
    SyncthingPair(const fs::path& directory, const fs::path& outbox);
    ~SyncthingPair();
    SyncthingPair(const SyncthingPair&) = delete;
    SyncthingPair& operator=(const SyncthingPair&) = delete;

    /// api_url, api_key and folder of the server's instance; a short timeout.
    void tell(config::Settings&) const;

    const fs::path& phone_folder() const { return phone_.folder; }
    const std::string& phone_id() const { return phone_.id; }
    const std::string& server_id() const { return server_.id; }

    void stop_phone();   ///< and waits until the server has noticed
    void start_phone();  ///< and waits until it is connected
    void stop_server();
    /// The phone looks at its folder and the server has heard of everything it found.
    void phone_scans();
    /// Deletes on the phone and tells the server.
    void phone_deletes(const std::string& name);
    void wait_for_file_on_phone(const std::string& name);

    /// One REST call; throws std::runtime_error unless 200. `path` without "/rest/".
    nlohmann::json server(const std::string& method, const std::string& path, const std::string& body = "") const {
        return call(server_, method, path, body);
    }
    nlohmann::json phone(const std::string& method, const std::string& path, const std::string& body = "") const {
        return call(phone_, method, path, body);
    }
    /// Polls; throws when it has not become true after a minute.
    static void wait_until(const std::string& what, const std::function<bool()>&);

private:
    struct Side {
        fs::path home, folder;
        std::string id, key;
        unsigned short api_port = 0, sync_port = 0;
        int pid = 0;
    };
    void prepare(Side&, const std::string& name, const fs::path& directory, const fs::path& folder);
    void configure(const Side&, const Side& other, const std::string& type) const;
    void launch(Side&);
    void wait_scanned(const Side&);
    void stop(Side&);
    void stop_both();
    void wait_connected();
    nlohmann::json call(const Side&, const std::string& method, const std::string& path, const std::string& body) const;

    Side server_, phone_;
};

}  // namespace mediaferry::test
