// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/sign_in_state.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

#include "common/files/files.h"
#include "common/icloud/wire.h"

namespace mediaferry::icloud {
namespace {

constexpr int kRounds = 200'000;
constexpr int kMostRounds = 10'000'000;
constexpr auto kTrustWarning = std::chrono::hours{24 * 21};

std::string pbkdf2(const std::string& password, const std::string& salt, int rounds) {
    std::string out(32, '\0');
    const auto* salt_bytes = reinterpret_cast<const unsigned char*>(salt.data());
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt_bytes, static_cast<int>(salt.size()), rounds, EVP_sha256(),
                          static_cast<int>(out.size()), reinterpret_cast<unsigned char*>(out.data())) != 1)
        throw Unavailable{"icloud.hash", "the password cannot be fingerprinted (libcrypto refuses PBKDF2)"};
    return out;
}

Reason wrong_password() {
    return {"icloud.wrong_password",
            "Apple does not accept the iCloud password; nothing tries it again. Correct `icloud.password_file` (or where the password comes from), "
            "or run `mediaferry auth login`"};
}
Reason locked() {
    return {
        "icloud.locked",
        "Apple has locked the account or refuses the login; nothing tries again. Unlock it at iforgot.apple.com, then run `mediaferry auth login`"};
}
Reason two_factor() {
    return {"icloud.two_factor", "Apple wants a code from one of your devices before it lets mediaferry in: run `mediaferry auth login`"};
}
Reason no_password() {
    return {"icloud.no_password",
            "the iCloud session has ended and the config has no password: set `icloud.password_file`, then run `mediaferry auth login`"};
}

}  // namespace

std::string password_fingerprint(const std::string& password) {
    std::string salt(16, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size())) != 1)
        throw Unavailable{"icloud.random", "no random numbers from the system"};
    return wire::base64(salt) + "$" + std::to_string(kRounds) + "$" + wire::base64(pbkdf2(password, salt, kRounds));
}

bool same_password(const std::string& password, const std::string& fingerprint) {
    const auto first = fingerprint.find('$');
    const auto second = fingerprint.find('$', first == std::string::npos ? first : first + 1);
    if (first == std::string::npos || second == std::string::npos) return false;
    const auto salt = wire::from_base64(fingerprint.substr(0, first));
    const auto hash = wire::from_base64(fingerprint.substr(second + 1));
    const std::string rounds = fingerprint.substr(first + 1, second - first - 1);
    if (!salt || !hash || rounds.empty() || rounds.size() > 8 || rounds.find_first_not_of("0123456789") != std::string::npos) return false;
    const int count = std::stoi(rounds);
    if (count < 1 || count > kMostRounds) return false;
    const std::string ours = pbkdf2(password, *salt, count);
    return ours.size() == hash->size() && CRYPTO_memcmp(ours.data(), hash->data(), ours.size()) == 0;
}

SignInState::SignInState(media_db::MediaDb& db, const config::ICloud& settings, const Clock& clock) : db_(db), settings_(settings), clock_(clock) {}

// The account is in the key as a hash: several may share a house, and none is named here.
std::string SignInState::key(std::string_view what) const {
    return "icloud.sign_in." + to_hex(files::digest_bytes(session_name(settings_.username)).sha256).substr(0, 12) + "." + std::string(what);
}

std::optional<Reason> SignInState::blocked() const {
    const media_db::Facts facts{db_};
    const auto block = facts.get(key("block"));
    if (block) {
        const auto bar = block->find('|');
        const std::string kind = block->substr(0, bar);
        const std::string fingerprint = bar == std::string::npos ? "" : block->substr(bar + 1);
        if (kind == "two_factor") return two_factor();
        const bool another = settings_.password.present && !same_password(settings_.password.value, fingerprint);
        if (!another) return kind == "locked" ? locked() : wrong_password();
    }
    if (!settings_.password.present) return no_password();
    return std::nullopt;
}

void SignInState::check_login_allowed() const {
    if (const auto reason = blocked()) throw SignInRequired{reason->code, reason->text};
}

std::optional<Reason> SignInState::learn(const IcloudpdRun& run) {
    media_db::Facts facts{db_};
    const auto block = [&](const std::string& kind) {
        facts.set(key("block"), kind + "|" + (settings_.password.present ? password_fingerprint(settings_.password.value) : ""), clock_.now());
    };
    switch (run.sign_in_problem()) {
        case IcloudpdRun::SignInProblem::none: return std::nullopt;
        case IcloudpdRun::SignInProblem::wrong_password: block("wrong_password"); return wrong_password();
        case IcloudpdRun::SignInProblem::locked: block("locked"); return locked();
        case IcloudpdRun::SignInProblem::two_factor: return two_factor_needed();
        case IcloudpdRun::SignInProblem::no_password: return no_password();
    }
    return std::nullopt;
}

Reason SignInState::two_factor_needed() {
    media_db::Facts facts{db_};
    if (facts.get(key("block")) != "two_factor") facts.set(key("block"), "two_factor", clock_.now());
    return two_factor();
}

bool SignInState::notify_once() {
    media_db::Facts facts{db_};
    if (facts.get(key("notified"))) return false;
    facts.set(key("notified"), "yes", clock_.now());
    return true;
}

void SignInState::signed_in(bool trusted) {
    media_db::Facts facts{db_};
    // A good session says nothing of the password: what Apple refused stays refused until a person acts.
    if (trusted || facts.get(key("block")) == "two_factor") facts.forget(key("block"));
    facts.forget(key("notified"));
    facts.set(key("signed_in"), to_iso(clock_.now()), clock_.now());
    // A session made elsewhere: its trust is at least not younger than this.
    if (trusted || !facts.get(key("trusted"))) facts.set(key("trusted"), to_iso(clock_.now()), clock_.now());
}

void SignInState::person_acts() {
    media_db::Facts facts{db_};
    facts.forget(key("block"));
    facts.forget(key("notified"));
}

std::optional<Timestamp> SignInState::last_trust() const {
    const auto text = media_db::Facts{db_}.get(key("trusted"));
    return text ? from_iso(*text) : std::nullopt;
}

std::optional<Timestamp> SignInState::last_sign_in() const {
    const auto text = media_db::Facts{db_}.get(key("signed_in"));
    return text ? from_iso(*text) : std::nullopt;
}

std::optional<Reason> SignInState::trust_warning() const {
    const auto trusted = last_trust();
    if (!trusted || clock_.now() - *trusted < kTrustWarning) return std::nullopt;
    const auto days = std::chrono::duration_cast<std::chrono::hours>(clock_.now() - *trusted).count() / 24;
    return Reason{"icloud.trust_ending",
                  "the last code for iCloud was given " + std::to_string(days) +
                      " days ago; Apple wants a new one after about 30 days. At a good moment run `mediaferry auth login --fresh`"};
}

}  // namespace mediaferry::icloud
