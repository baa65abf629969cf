// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/phone.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdio>

#include "tests/property/lying_icloud/digests.h"

namespace mediaferry::lying {
namespace {

using nlohmann::json;

constexpr auto kServer = "SERVER7-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA-AAAAAAA";
constexpr auto kPhone = "PHONE77-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB-BBBBBBB";
constexpr auto kVersion = "v1.29.5";

std::string moment(std::int64_t seconds, std::int64_t nanoseconds) {
    auto iso = to_iso(Timestamp{std::chrono::seconds{seconds}}).substr(0, 19);
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%09lldZ", static_cast<long long>(nanoseconds));
    return iso + fraction;
}

std::string decoded(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string parameter(const std::string& query, const std::string& name) {
    const auto at = ("&" + query).find("&" + name + "=");
    if (at == std::string::npos) return "";
    const auto value = query.substr(at + name.size() + 1);
    return decoded(value.substr(0, value.find('&')));
}

int counter_of(const json& entry) {
    const auto version = entry["version"][0].get<std::string>();
    return std::stoi(version.substr(version.find(':') + 1));
}

std::string ours(int counter) { return "SERVER7:" + std::to_string(counter); }

}  // namespace

Phone::Phone(fs::path outbox, const test::ManualClock& clock)
    : outbox_(std::move(outbox)), clock_(clock), server_([this](const test::Seen& seen) { return answer(seen); }) {}

bool Phone::has_had(const std::string& sha256, std::chrono::seconds dwell) const {
    return std::ranges::any_of(photos_, [&](const auto& one) { return one.second.sha256 == sha256 && one.second.since + dwell <= clock_.now(); });
}

void Phone::free_up_space(std::chrono::seconds dwelt) {
    for (auto at = photos_.begin(); at != photos_.end();) {
        if (at->first.ends_with(".txt") || (dwelt.count() > 0 && at->second.since + dwelt > clock_.now())) {
            ++at;
            continue;
        }
        at_google_.insert(at->second.sha256);
        json entry = local_[at->first];
        entry["deleted"] = true;
        entry["size"] = 0;
        entry["modifiedBy"] = "PHONE77";
        entry["modified"] = moment(clock_.now().time_since_epoch().count(), 0);
        entry["version"].push_back("PHONE77:1");
        at_phone_[at->first] = entry;
        ++sequence_;
        at = photos_.erase(at);
    }
}

void Phone::clock_went_back() {
    for (auto& [name, held] : photos_) held.since = std::min(held.since, clock_.now());
}

void Phone::scan() {
    std::map<std::string, struct stat> there;
    for (const auto& entry : fs::directory_iterator(outbox_)) {
        struct stat about {};
        const auto name = entry.path().filename().string();
        if (!name.starts_with(".") && ::stat(entry.path().c_str(), &about) == 0 && S_ISREG(about.st_mode)) there[name] = about;
    }
    for (const auto& [name, about] : there) {
        const auto modified = moment(about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
        const bool known = local_.contains(name);
        if (known && local_[name]["deleted"] == false && local_[name]["size"] == about.st_size && local_[name]["modified"] == modified) continue;
        local_[name] = {{"name", name},
                        {"type", "FILE_INFO_TYPE_FILE"},
                        {"deleted", false},
                        {"invalid", false},
                        {"ignored", false},
                        {"mustRescan", false},
                        {"modifiedBy", "SERVER7"},
                        {"version", {ours(known ? counter_of(local_[name]) + 1 : 1)}},
                        {"size", about.st_size},
                        {"modified", modified}};
        at_phone_.erase(name);
        photos_.erase(name);
        ++sequence_;
    }
    for (auto& [name, entry] : local_.items()) {
        if (there.contains(name) || entry["deleted"] == true) continue;
        entry["version"] = {ours(counter_of(entry) + 1)};
        entry["deleted"] = true;
        entry["size"] = 0;
        if (!at_phone_.contains(name) && connected) photos_.erase(name);
        gone_[name] = clock_.now();
        ++sequence_;
    }
}

void Phone::forget_gone(std::chrono::seconds older_than) {
    std::erase_if(gone_, [&](const auto& one) {
        if (one.second + older_than > clock_.now()) return false;
        local_.erase(one.first);
        at_phone_.erase(one.first);
        return true;
    });
}

test::Answer Phone::answer(const test::Seen& seen) {
    const auto mark = seen.target.find('?');
    const auto path = seen.target.substr(0, mark);
    if (seen.method == "POST" && path == "/rest/db/scan") scan();
    if (connected)  // what was scanned is there a moment later
        for (const auto& [name, entry] : local_.items())
            if (entry["deleted"] == false && !at_phone_.contains(name) && !photos_.contains(name))
                if (const auto bytes = bytes_of(outbox_ / name)) photos_[name] = {sha256_hex(*bytes), clock_.now()};
    const auto reply = said(path, mark == std::string::npos ? "" : seen.target.substr(mark + 1));
    return {reply.is_null() ? 404 : 200,
            reply.is_null() ? "{}" : reply.dump(),
            {{"Content-Type", "application/json"}, {"X-Syncthing-Id", kServer}, {"X-Syncthing-Version", kVersion}}};
}

json Phone::said(const std::string& path, const std::string& query) {
    const auto now = moment(clock_.now().time_since_epoch().count(), 0);
    const auto member = [](const char* id) { return json{{"deviceID", id}, {"encryptionPassword", ""}}; };
    const auto device = [](const char* id) {
        return json{{"deviceID", id},      {"name", "a device"},         {"paused", false},
                    {"introducer", false}, {"autoAcceptFolders", false}, {"untrusted", false}};
    };
    if (path == "/rest/db/scan") return json::object();
    if (path == "/rest/system/status") return {{"myID", kServer}, {"tilde", "/root"}};
    if (path == "/rest/config/folders")
        return json::array({{{"id", "pixel"},
                             {"path", outbox_.string()},
                             {"type", "sendonly"},
                             {"paused", false},
                             {"ignoreDelete", false},
                             {"ignorePerms", true},
                             {"devices", {member(kServer), member(kPhone)}}}});
    if (path == "/rest/config/devices") return json::array({device(kServer), device(kPhone)});
    if (path == "/rest/system/connections")
        return {{"connections", {{kPhone, {{"connected", connected}, {"paused", false}, {"clientVersion", kVersion}}}}}};
    if (path == "/rest/stats/device") return {{kPhone, {{"lastSeen", now}}}};
    if (path == "/rest/db/status") return {{"state", "idle"}, {"error", ""}, {"invalid", ""}, {"ignorePatterns", false}};
    if (path == "/rest/db/completion") return {{"remoteState", connected ? "valid" : "unknown"}, {"sequence", sequence_}, {"needItems", 0}};
    if (path == "/rest/db/need") {
        json rest = json::array();
        for (const auto& [name, entry] : at_phone_.items())
            if (local_[name]["deleted"] == false) rest.push_back(entry);
        return {{"progress", json::array()}, {"queued", json::array()}, {"rest", rest}};
    }
    if (path == "/rest/db/file") {
        const auto name = parameter(query, "file");
        if (!local_.contains(name)) return nullptr;
        json available = json::array();
        if (photos_.contains(name) && connected) available.push_back({{"id", kPhone}, {"fromTemporary", false}});
        return {{"availability", available}, {"local", local_[name]}, {"global", at_phone_.contains(name) ? at_phone_[name] : local_[name]}};
    }
    return nullptr;
}

}  // namespace mediaferry::lying
