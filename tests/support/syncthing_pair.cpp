// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/syncthing_pair.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "common/http/http.h"
#include "tests/support/port.h"
#include "tests/support/temp_dir.h"

namespace mediaferry::test {
namespace {

using namespace std::chrono_literals;

int spawn(const std::vector<std::string>& arguments, const fs::path& home, const fs::path& log) {
    const int pid = ::fork();
    if (pid < 0) throw std::runtime_error("cannot fork");
    if (pid > 0) return pid;
    ::setenv("HOME", home.c_str(), 1);
    ::setenv("STMONITORED", "yes", 1);
    ::setenv("STNOUPGRADE", "1", 1);
    ::setenv("STNORESTART", "1", 1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    std::vector<char*> argv;
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
}

/// "Device ID: XXXXXXX-…" as `syncthing generate` says it.
std::string device_id_in(const std::string& said) {
    const auto at = said.find("Device ID: ");
    if (at == std::string::npos) throw std::runtime_error("syncthing generate said no device ID (is the package syncthing installed?): " + said);
    return said.substr(at + 11, 63);
}

}  // namespace

SyncthingPair::SyncthingPair(const fs::path& directory, const fs::path& outbox) {
    prepare(server_, "server", directory, outbox);
    prepare(phone_, "phone", directory, directory / "phone" / "DCIM" / "ferry");
    configure(server_, phone_, "sendonly");
    configure(phone_, server_, "sendreceive");
    try {
        launch(server_);
        launch(phone_);
        wait_scanned(server_);
        wait_scanned(phone_);
        wait_connected();
    } catch (...) {
        stop_both();
        throw;
    }
}

SyncthingPair::~SyncthingPair() { stop_both(); }

void SyncthingPair::stop_both() {
    for (const auto* side : {&server_, &phone_})
        if (side->pid != 0) ::kill(side->pid, SIGTERM);
    stop(phone_);
    stop(server_);
}

void SyncthingPair::prepare(Side& side, const std::string& name, const fs::path& directory, const fs::path& folder) {
    side.home = directory / ("syncthing-" + name);
    side.folder = folder;
    side.key = "key-of-the-" + name;
    side.api_port = reserved_port();
    side.sync_port = reserved_port();
    fs::create_directories(side.home);
    fs::create_directories(folder / ".stfolder");
    const int pid = spawn({"syncthing", "generate", "--home=" + side.home.string()}, side.home, side.home / "generate.log");
    ::waitpid(pid, nullptr, 0);
    side.id = device_id_in(read(side.home / "generate.log"));
}

void SyncthingPair::configure(const Side& side, const Side& other, const std::string& type) const {
    std::string shared, known;
    for (const auto* one : {&side, &other}) {
        shared += "<device id=\"" + one->id + "\"/>";
        known += "<device id=\"" + one->id + "\" name=\"" + one->home.filename().string() +
                 "\"><address>tcp://127.0.0.1:" + std::to_string(one->sync_port) + "</address></device>";
    }
    write(
        side.home / "config.xml",
        "<configuration version=\"36\"><folder id=\"pixel\" label=\"pixel\" path=\"" + side.folder.string() + "\" type=\"" + type +
            "\" rescanIntervalS=\"0\" fsWatcherEnabled=\"false\" ignorePerms=\"true\" autoNormalize=\"true\"><maxConflicts>0</maxConflicts>"
            "<minDiskFree unit=\"%\">0</minDiskFree>" +
            shared + "</folder>" + known + "<gui enabled=\"true\" tls=\"false\"><address>127.0.0.1:" + std::to_string(side.api_port) +
            "</address><apikey>" + side.key + "</apikey></gui><options><listenAddress>tcp://127.0.0.1:" + std::to_string(side.sync_port) +
            "</listenAddress><globalAnnounceEnabled>false</globalAnnounceEnabled><localAnnounceEnabled>false"
            "</localAnnounceEnabled><relaysEnabled>false</relaysEnabled><natEnabled>false</natEnabled><startBrowser>false</"
            "startBrowser><urAccepted>-1"
            "</urAccepted><autoUpgradeIntervalH>0</autoUpgradeIntervalH><crashReportingEnabled>false</crashReportingEnabled><reconnectionIntervalS>5"
            "</reconnectionIntervalS><minHomeDiskFree unit=\"%\">0</minHomeDiskFree></options></configuration>\n");
}

void SyncthingPair::launch(Side& side) {
    side.pid = spawn({"syncthing", "serve", "--home=" + side.home.string(), "--no-browser"}, side.home, side.home / "syncthing.log");
}

void SyncthingPair::wait_scanned(const Side& side) {
    wait_until("Syncthing in " + side.home.string() + " has scanned", [&] {
        call(side, "POST", "db/scan?folder=pixel", "");
        return true;
    });
}

void SyncthingPair::stop(Side& side) {
    if (side.pid == 0) return;
    ::kill(side.pid, SIGTERM);
    for (int tries = 0; tries < 250; ++tries) {
        if (::waitpid(side.pid, nullptr, WNOHANG) == side.pid) {
            side.pid = 0;
            return;
        }
        std::this_thread::sleep_for(20ms);
    }
    ::kill(side.pid, SIGKILL);
    ::waitpid(side.pid, nullptr, 0);
    side.pid = 0;
}

void SyncthingPair::wait_connected() {
    wait_until("the two are connected", [&] {
        return server("GET", "system/connections").at("connections").at(phone_.id).at("connected").get<bool>() &&
               phone("GET", "system/connections").at("connections").at(server_.id).at("connected").get<bool>();
    });
}

void SyncthingPair::tell(config::Settings& settings) const {
    settings.syncthing.api_url = "http://127.0.0.1:" + std::to_string(server_.api_port);
    settings.syncthing.api_key = {true, server_.key, "test"};
    settings.syncthing.pixel_folder_id = "pixel";
    settings.syncthing.timeout = 60s;
}

void SyncthingPair::stop_phone() {
    stop(phone_);
    wait_until("the server misses the phone",
               [&] { return !server("GET", "system/connections").at("connections").at(phone_.id).at("connected").get<bool>(); });
}

void SyncthingPair::start_phone() {
    launch(phone_);
    wait_scanned(phone_);
    wait_connected();
}

void SyncthingPair::stop_server() { stop(server_); }

void SyncthingPair::phone_scans() {
    phone("POST", "db/scan?folder=pixel");
    const auto known = phone("GET", "db/status?folder=pixel").at("sequence").get<std::int64_t>();
    wait_until("the server knows the phone's index",
               [&] { return server("GET", "db/completion?folder=pixel&device=" + phone_.id).at("sequence").get<std::int64_t>() >= known; });
}

void SyncthingPair::phone_deletes(const std::string& name) {
    fs::remove(phone_.folder / name);
    phone_scans();
}

void SyncthingPair::wait_for_file_on_phone(const std::string& name) {
    wait_until("the phone has " + name, [&] { return fs::exists(phone_.folder / name); });
}

nlohmann::json SyncthingPair::call(const Side& side, const std::string& method, const std::string& path, const std::string& body) const {
    http::Client client;
    http::Request request;
    request.method = method;
    request.url = "http://127.0.0.1:" + std::to_string(side.api_port) + "/rest/" + path;
    request.headers = {{"X-API-Key", side.key}};
    request.body = body;
    const auto response = client.send(request);
    if (response.status != 200) throw std::runtime_error(method + " " + path + ": " + std::to_string(response.status) + " " + response.body);
    return response.body.empty() ? nlohmann::json{} : nlohmann::json::parse(response.body);
}

void SyncthingPair::wait_until(const std::string& what, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    std::string last;
    while (std::chrono::steady_clock::now() < deadline) {
        try {
            if (holds()) return;
        } catch (const std::exception& error) {
            last = error.what();
        }
        std::this_thread::sleep_for(50ms);
    }
    throw std::runtime_error("waited in vain until " + what + (last.empty() ? "" : " (" + last + ")"));
}

}  // namespace mediaferry::test
