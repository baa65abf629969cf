// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/client.h"

#include <array>
#include <stdexcept>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/log/log.h"

namespace mediaferry::syncthing {
namespace {

constexpr std::size_t kPage = 1000;

/// The reason as Syncthing words it, in one short line.
std::string said(const http::Response& response) {
    auto text = response.body.substr(0, 200);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return "HTTP " + std::to_string(response.status) + (text.empty() ? "" : ": " + text);
}

std::string in_folder(const std::string& folder) { return "folder=" + http::encode(folder); }

}  // namespace

bool allowed(std::string_view method, std::string_view path) {
    static constexpr std::array readable{"/rest/config/folders", "/rest/config/devices", "/rest/db/completion", "/rest/db/file",
                                         "/rest/db/need",        "/rest/db/status",      "/rest/stats/device",  "/rest/system/connections",
                                         "/rest/system/status"};
    if (method == "POST") return path == "/rest/db/scan";
    if (method != "GET") return false;
    for (const std::string_view one : readable)
        if (path == one) return true;
    return false;
}

Client::Client(const config::Syncthing& settings)
    : http_(http::Route{.proxy = "", .ca_file = settings.ca_file.string()}), url_(settings.api_url), key_(settings.api_key.value) {
    if (!settings.api_key.present || key_.empty())
        throw SignInRequired{"syncthing.no_key",
                             "syncthing.api_key: no API key is configured (Syncthing shows it under Actions > Settings > General; "
                             "write it to a file of mode 0600 and name that in syncthing.api_key_file)"};
    log::redact(key_);
    while (!url_.empty() && url_.back() == '/') url_.pop_back();
}

http::Response Client::answered(const http::Request& request, bool once_more) {
    try {
        return http_.send(request);
    } catch (const Unavailable& error) {
        // Syncthing closes a connection that was idle for 15 s; a request that met the closing is simply sent again.
        if (error.code() == "http.broken" && once_more) return answered(request, false);
        if (error.code() == "http.too_large") throw;
        std::throw_with_nested(
            Unavailable{"syncthing.unreachable", "Syncthing does not answer at " + url_ +
                                                     " (is it running? systemctl status syncthing@USER; is syncthing.api_url the address "
                                                     "its web page is opened with, http or https alike?)"});
    }
}

http::Response Client::send(std::string_view method, const std::string& path, const std::string& query) {
    if (!allowed(method, path)) throw std::logic_error("not a request this house sends to Syncthing: " + std::string(method) + " " + path);
    http::Request request;
    request.method = method;
    request.url = url_ + path + (query.empty() ? "" : "?" + query);
    request.headers = {{"X-API-Key", key_}};
    request.connect_timeout = std::chrono::seconds{10};
    request.timeout = method == "POST" ? std::chrono::seconds{900} : std::chrono::seconds{120};  // a scan answers when it is done
    request.stall = request.timeout;
    auto response = answered(request, true);
    know(response);
    return response;
}

void Client::know(const http::Response& response) {
    if (response.status == 403 && response.body.find("Host check") != std::string::npos)
        throw Unavailable{"syncthing.host_check",
                          "Syncthing refuses the name in syncthing.api_url (" + url_ +
                              "): bound to a loopback address it answers to localhost and IP addresses only; use one of those, "
                              "or bind its GUI to another address"};
    if (response.status == 401 || response.status == 403)
        throw SignInRequired{"syncthing.key", "Syncthing at " + url_ + " does not accept the API key (" + said(response) +
                                                  "): compare syncthing.api_key with Actions > Settings > General"};
    const auto id = response.header("X-Syncthing-Id");
    if (id.empty())
        throw Unavailable{"syncthing.nonsense", "what answers at " + url_ + " is not Syncthing (" + said(response) + "): check syncthing.api_url"};
    if (server_id_.empty()) server_id_ = id;
    if (id != server_id_)
        throw Unavailable{"syncthing.other_instance",
                          "another Syncthing answers at " + url_ + " than before (" + short_id(id) + ", not " + short_id(server_id_) + ")"};
    server_version_ = response.header("X-Syncthing-Version");
}

std::string Client::get(const std::string& path, const std::string& query) {
    auto response = send("GET", path, query);
    if (response.status != 200) throw Unavailable{"syncthing.refused", "Syncthing does not answer " + path + " (" + said(response) + ")"};
    return std::move(response.body);
}

std::vector<FolderConfig> Client::folders() { return folder_configs(get("/rest/config/folders")); }
std::vector<DeviceConfig> Client::devices() { return device_configs(get("/rest/config/devices")); }
std::map<std::string, Connection> Client::connections() { return syncthing::connections(get("/rest/system/connections")); }
std::map<std::string, Timestamp> Client::last_seen() { return syncthing::last_seen(get("/rest/stats/device")); }
ServerStatus Client::status() { return server_status(get("/rest/system/status")); }
FolderStatus Client::folder_status(const std::string& folder) { return syncthing::folder_status(get("/rest/db/status", in_folder(folder))); }

Completion Client::completion(const std::string& folder, const std::string& device) {
    return syncthing::completion(get("/rest/db/completion", in_folder(folder) + "&device=" + http::encode(device)));
}

std::optional<FileAnswer> Client::file(const std::string& folder, const std::string& name) {
    const auto response = send("GET", "/rest/db/file", in_folder(folder) + "&file=" + http::encode(name));
    if (response.status == 404) return std::nullopt;
    if (response.status != 200) throw Unavailable{"syncthing.refused", "Syncthing does not answer /rest/db/file (" + said(response) + ")"};
    return file_answer(response.body);
}

std::vector<FileEntry> Client::need(const std::string& folder) {
    std::vector<FileEntry> result;
    for (std::size_t page = 1;; ++page) {
        auto entries = need_page(get("/rest/db/need", in_folder(folder) + "&page=" + std::to_string(page) + "&perpage=" + std::to_string(kPage)));
        const bool last = entries.size() < kPage;
        std::move(entries.begin(), entries.end(), std::back_inserter(result));
        if (last) return result;
    }
}

void Client::scan(const std::string& folder, const std::vector<std::string>& names) {
    auto query = in_folder(folder);
    for (const auto& name : names) query += "&sub=" + http::encode(name);
    const auto response = MF_AROUND("syncthing.scan", send("POST", "/rest/db/scan", query));
    if (response.status != 200)
        throw Unavailable{"syncthing.scan",
                          "Syncthing cannot scan the folder " + folder + " (" + said(response) +
                              "); if it misses its folder marker, check that the right disk is mounted before putting .stfolder back"};
}

}  // namespace mediaferry::syncthing
