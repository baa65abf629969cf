// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/loopback_icloud.h"

#include <algorithm>
#include <stdexcept>

#include "common/clock/clock.h"
#include "common/icloud/session.h"
#include "common/types/timestamp.h"

namespace mediaferry::test {

Loopback::Loopback() {
    process::Command command;
    command.argv = {"python3", std::string(SOURCE_ROOT) + "/tests/support/loopback_icloud.py", "--dir", (dir_ / "apple").string()};
    command.inherit_environment = true;
    command.environment = {{"PYTHONDONTWRITEBYTECODE", "1"}, {"LOOPBACK_PASSWORD", "correct horse battery"}};
    fs::create_directories(dir_ / "apple");
    server_ = std::make_unique<process::Dialogue>(command);
    std::string talk;
    while (!server_->ended()) {
        const auto said = server_->listen(std::chrono::seconds{60});
        if (!said) break;
        if (said->stream == process::Stream::out && said->complete) {
            const auto ready = nlohmann::json::parse(said->text);
            port_ = ready.at("port");
            ca_ = ready.at("ca");
            return;
        }
        talk += said->text + "\n";
    }
    throw std::runtime_error("the loopback iCloud did not start: " + talk);
}

config::ICloud Loopback::settings() const {
    config::ICloud settings;
    settings.username = "jdoe@example.com";
    settings.password = {true, "correct horse battery", "test"};
    settings.proxy = "http://127.0.0.1:" + std::to_string(port_);
    settings.ca_file = ca_;
    settings.cookie_directory = dir_ / "cookies";
    return settings;
}

nlohmann::json Loopback::call(const std::string& name, const nlohmann::json& given) {
    http::Request request;
    request.method = "POST";
    request.url = "http://127.0.0.1:" + std::to_string(port_) + "/__admin/" + name;
    request.body = given.dump();
    const auto reply = http_.send(request);
    if (reply.status != 200) throw std::runtime_error("loopback " + name + ": " + reply.body);
    return nlohmann::json::parse(reply.body);
}

std::string Loopback::add_described(nlohmann::json spec, const std::map<std::string, std::string>& contents) {
    nlohmann::json resources = nlohmann::json::object();
    const auto key = spec.at("key").get<std::string>();
    for (const auto& [kind, content] : contents) {
        const fs::path file = write(dir_ / "library" / (key + "-" + kind), content);
        const char* type = kind == "live_movie" || kind == "edited_movie" ? "com.apple.quicktime-movie"
                           : kind == "alternative"                        ? "com.adobe.raw-image"
                                                                          : "public.jpeg";
        resources[kind] = {{"file", file.string()}, {"type", type}};
        if (const auto said = spec.value("resources", nlohmann::json::object()); said.contains(kind)) resources[kind].update(said.at(kind));
    }
    spec["resources"] = resources;
    return call("add", {{"spec", spec}}).at("name");
}

std::string Loopback::add(const std::string& key, const std::map<std::string, std::string>& contents, int day) {
    return add_described({{"key", key}, {"filename", key + ".JPG"}, {"date", 1714564800000 + day * 86'400'000LL}}, contents);
}

bool Loopback::is_filed(const std::string& key, const std::string& album) {
    const auto albums = asset(key).at("albums");
    return std::find(albums.begin(), albums.end(), album) != albums.end();
}

std::vector<std::string> Loopback::deleted() {
    std::vector<std::string> keys;
    for (const auto& one : call("deleted")) keys.push_back(one.at("key"));
    return keys;
}

std::size_t Loopback::downloads() {
    std::size_t count = 0;
    for (const auto& request : call("requests")) count += request.at("host") == "cvws.icloud-content.com";
    return count;
}

std::size_t Loopback::modifications() {
    std::size_t count = 0;
    for (const auto& request : call("requests")) count += request.at("path").get<std::string>().ends_with("/records/modify");
    return count;
}

std::map<std::string, std::string> Loopback::icloudpd_environment() const {
    return {{"HTTPS_PROXY", "http://icloudpd:x@127.0.0.1:" + std::to_string(port_)}, {"REQUESTS_CA_BUNDLE", ca_}};
}

void Loopback::seed_session() {
    const auto given = call("seed");
    const auto settings = this->settings();
    const std::string name = icloud::session_name(settings.username);
    const auto expires = SystemClock{}.now() + std::chrono::hours{24 * 30};
    std::string date = to_iso(expires);
    date[10] = ' ';
    write(settings.cookie_directory / name,
          "#LWP-Cookies-2.0\nSet-Cookie3: X-APPLE-WEBAUTH-TOKEN=\"\\\"v=2:t=" + given.at("cookie").get<std::string>() +
              "\\\"\"; path=\"/\"; domain=\".icloud.com\"; path_spec; domain_dot; secure; expires=\"" + date + "\"; HttpOnly=None; version=0\n");
    write(settings.cookie_directory / (name + ".session"), nlohmann::json{{"client_id", "auth-00000000-0000-1000-8000-000000000000"},
                                                                          {"account_country", "USA"},
                                                                          {"session_id", "SEEDED"},
                                                                          {"scnt", "scnt-SEEDED"},
                                                                          {"session_token", given.at("session_token")},
                                                                          {"trust_token", given.at("trust_token")}}
                                                               .dump());
}

}  // namespace mediaferry::test
