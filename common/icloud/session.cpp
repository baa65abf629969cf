// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/session.h"

#include <openssl/rand.h>
#include <sys/stat.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/failpoint/failpoint.h"
#include "common/log/log.h"

namespace mediaferry::icloud {
namespace {

using nlohmann::json;

// What icloudpd keeps of a reply's headers, and under which key (its session.py).
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kKeptHeaders{{
    {"X-Apple-ID-Account-Country", "account_country"},
    {"X-Apple-ID-Session-Id", "session_id"},
    {"X-Apple-Session-Token", "session_token"},
    {"X-Apple-TwoSV-Trust-Token", "trust_token"},
    {"X-Apple-TwoSV-Trust-Eligible", "trust_eligible"},
    {"X-Apple-I-Rscd", "apple_rscd"},
    {"X-Apple-I-Ercd", "apple_ercd"},
    {"scnt", "scnt"},
}};

std::string read_or_nothing(const fs::path& file) {
    boost::system::error_code ignored;
    if (!fs::exists(file, ignored)) return {};
    return files::read_small_file(file);
}

std::optional<std::map<std::string, std::string, std::less<>>> strings_of(const std::string& text) {
    const json parsed = json::parse(text, nullptr, false);
    if (!parsed.is_object()) return std::nullopt;
    std::map<std::string, std::string, std::less<>> out;
    for (const auto& [key, value] : parsed.items())
        if (value.is_string()) out[key] = value.get<std::string>();
    return out;
}

// A time-based-looking UUID as icloudpd makes one; only its uniqueness matters.
std::string new_uuid() {
    std::array<unsigned char, 16> b{};
    if (RAND_bytes(b.data(), static_cast<int>(b.size())) != 1) throw Unavailable{"icloud.random", "no random numbers from the system"};
    b[6] = static_cast<unsigned char>((b[6] & 0x0f) | 0x10);
    b[8] = static_cast<unsigned char>((b[8] & 0x3f) | 0x80);
    std::string out;
    for (std::size_t i = 0; i < b.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        std::array<char, 3> hex{};
        std::snprintf(hex.data(), hex.size(), "%02x", b[i]);
        out += hex.data();
    }
    return out;
}

}  // namespace

std::optional<SessionLock> SessionLock::try_take(const fs::path& directory) {
    boost::system::error_code ignored;
    if (!fs::exists(directory, ignored)) {
        MF_AROUND("icloud.session.mkdir", fs::create_directories(directory));
        ::chmod(directory.c_str(), 0700);
    }
    auto lock = files::Lock::try_take(directory / ".lock");
    if (!lock) return std::nullopt;
    return SessionLock{directory, std::move(*lock)};
}

SessionLock SessionLock::take(const fs::path& directory, std::chrono::seconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    do {
        if (auto lock = try_take(directory)) return std::move(*lock);
        if (patience.count() > 0) std::this_thread::sleep_for(std::chrono::milliseconds{200});
    } while (std::chrono::steady_clock::now() < until);
    throw TryLater{"icloud.session_busy",
                   "another run is using the iCloud session in " + directory.string() + "; it is free again when that run ends"};
}

std::string session_name(std::string_view username) {
    std::string out;
    for (const char c : username) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) || c == '_' || byte >= 0x80) out += static_cast<char>(std::tolower(byte));
    }
    return out;
}

Session Session::read(const fs::path& directory, std::string_view username) {
    Session session;
    session.name_ = session_name(username);
    const fs::path jar = directory / session.name_;
    const fs::path values = directory / (session.name_ + ".session");
    session.jar_ = CookieJar::parse(read_or_nothing(jar));
    auto strings = strings_of(read_or_nothing(values));
    if (!strings) {
        // A torn file costs a new two-factor sign-in; the copy of the last good sign-in spares it.
        strings = strings_of(read_or_nothing(fs::path{values.string() + ".kept"}));
        if (strings) {
            log::warning("session file unreadable, using the kept copy", {});
            session.changed_ = true;
            if (session.jar_.cookies().empty()) session.jar_ = CookieJar::parse(read_or_nothing(fs::path{jar.string() + ".kept"}));
        }
    }
    if (strings) session.values_ = std::move(*strings);
    for (const auto key : {"session_token", "trust_token"})
        if (const auto secret = session.value(key); secret.size() >= 8) log::redact(secret);
    return session;
}

std::string Session::value(std::string_view key) const {
    const auto at = values_.find(key);
    return at == values_.end() ? std::string{} : at->second;
}

bool Session::empty() const { return jar_.cookies().empty() && value("session_token").empty(); }

std::optional<Timestamp> Session::token_expires() const {
    const Cookie* token = jar_.find("X-APPLE-WEBAUTH-TOKEN");
    return token ? token->expires : std::nullopt;
}

void Session::merge(const http::Response& response, std::string_view host, Timestamp now) {
    for (const auto& [name, value] : response.headers) {
        std::string word = name;
        for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        if (word == "set-cookie") {
            jar_.take(value, host, now);
            changed_ = true;
        }
    }
    for (const auto& [header, key] : kKeptHeaders) {
        const std::string value = response.header(header);
        if (value.empty() || value == this->value(key)) continue;
        values_[std::string(key)] = value;
        changed_ = true;
    }
}

void Session::ensure_client_id() {
    if (!value("client_id").empty()) return;
    values_["client_id"] = "auth-" + new_uuid();
    changed_ = true;
}

void Session::write_back(const SessionLock& lock) {
    if (!changed_) return;
    MF_AROUND("icloud.session.write_cookies", files::replace_small_file(lock.directory() / name_, jar_.to_text(), 0600));
    MF_AROUND("icloud.session.write_tokens", files::replace_small_file(lock.directory() / (name_ + ".session"),
                                                                       json(values_).dump(-1, ' ', false, json::error_handler_t::replace), 0600));
    changed_ = false;
}

void Session::keep_copy(const SessionLock& lock) const {
    MF_AROUND("icloud.session.keep_cookies", files::replace_small_file(lock.directory() / (name_ + ".kept"), jar_.to_text(), 0600));
    MF_AROUND("icloud.session.keep_tokens", files::replace_small_file(lock.directory() / (name_ + ".session.kept"),
                                                                      json(values_).dump(-1, ' ', false, json::error_handler_t::replace), 0600));
}

}  // namespace mediaferry::icloud
