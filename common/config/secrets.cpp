// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/secrets.h"

#include <sys/stat.h>

#include <cstdlib>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::config {

namespace {

constexpr std::size_t kLongest = 64 << 10;
constexpr std::string_view kShown = "(set, from ";

bool others_may_read(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 && (status.st_mode & 077) != 0;
}

std::string last_word(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// Editors and `echo` end a file with a newline that is not part of the password.
std::string without_newline(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

Secret found(std::string value, std::string source) {
    if (!value.empty()) log::redact(value);
    return {true, std::move(value), std::move(source)};
}

bool given(const std::optional<GivenSecret>& secret) { return secret && !secret->text.empty(); }

}  // namespace

Secret SecretFinder::find(const std::string& key, const std::optional<GivenSecret>& file, const std::optional<GivenSecret>& variable,
                          const std::optional<GivenSecret>& plain_text, std::string_view credential) {
    std::vector<const GivenSecret*> all;
    for (const auto* one : {&file, &variable, &plain_text})
        if (given(*one)) all.push_back(&**one);
    for (std::size_t i = 1; i < all.size(); ++i) faults_.add(all[i]->at, all[i]->key, last_word(all[0]->key) + " is given too (keep one of the two)");
    if (given(file)) return from_file(*file);
    if (given(variable)) return from_environment(*variable);
    if (auto secret = from_credential(key, credential)) {
        if (given(plain_text))
            faults_.warn(plain_text->at, key, "is not used: the credential " + std::string{credential} + " takes its place (remove the key)");
        return *secret;
    }
    return given(plain_text) ? plain(*plain_text) : Secret{};
}

Secret SecretFinder::from_file(const GivenSecret& secret) {
    const fs::path path = fs::absolute(fs::path{secret.text}, fs::absolute(file_).parent_path()).lexically_normal();
    try {
        auto value = without_newline(files::read_small_file(path, kLongest));
        if (value.empty()) faults_.add(secret.at, secret.key, path.string() + " is empty (write the secret into it)");
        if (others_may_read(path)) faults_.warn(secret.at, secret.key, path.string() + " can be read by others than its owner (run chmod 600 on it)");
        return found(std::move(value), last_word(secret.key) + " " + path.string());
    } catch (const Error& error) {
        const bool missing = error.code() == "file.missing";
        faults_.add(secret.at, secret.key,
                    path.string() +
                        (missing ? " does not exist (make it, mode 0600, with the secret in it)" : " cannot be read (look at its owner and mode)"));
        return {};
    }
}

Secret SecretFinder::from_environment(const GivenSecret& secret) {
    const std::string source = last_word(secret.key) + " " + secret.text;
    if (const char* value = std::getenv(secret.text.c_str()); value != nullptr && *value != '\0') return found(value, source);
    const auto& variables = dot_env(secret);
    if (const auto entry = variables.find(secret.text); entry != variables.end() && !entry->second.empty())
        return found(entry->second, source + " in .env");
    faults_.add(secret.at, secret.key,
                "neither the environment nor a .env file beside this one has " + secret.text + " (set it, or write " +
                    last_word(secret.key.substr(0, secret.key.size() - 4)) + "_file)");
    return {};
}

std::optional<Secret> SecretFinder::from_credential(const std::string& key, std::string_view name) {
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
    if (directory == nullptr || *directory == '\0') return std::nullopt;
    const fs::path path = fs::path{directory} / std::string{name};
    try {
        auto value = without_newline(files::read_small_file(path, kLongest));
        if (value.empty()) return std::nullopt;
        return found(std::move(value), "credential " + std::string{name});
    } catch (const Error& error) {
        if (error.code() != "file.missing")
            faults_.add(faults_.position_of(key), key,
                        "the credential " + std::string{name} + " cannot be read (look at LoadCredential= in the unit)");
        return std::nullopt;
    }
}

Secret SecretFinder::plain(const GivenSecret& secret) {
    if (secret.text.starts_with(kShown) && secret.text.ends_with(')')) {
        faults_.warn(secret.at, secret.key,
                     "is what `config show` prints in place of the secret (write the secret, or " + last_word(secret.key) + "_file)");
        return {false, "", secret.text.substr(kShown.size(), secret.text.size() - kShown.size() - 1)};
    }
    if (others_may_read(file_))
        faults_.warn(secret.at, secret.key,
                     "stands here in plain text and others than the owner can read the file (run chmod 600 on it, or write " + last_word(secret.key) +
                         "_file)");
    return found(secret.text, "the config file");
}

const std::map<std::string, std::string>& SecretFinder::dot_env(const GivenSecret& wanted) {
    if (dot_env_) return *dot_env_;
    dot_env_.emplace();
    const fs::path path = fs::absolute(file_).parent_path() / ".env";
    try {
        dot_env_ = parse_dot_env(files::read_small_file(path), path, faults_);
        if (others_may_read(path)) faults_.warn(wanted.at, wanted.key, path.string() + " can be read by others than its owner (run chmod 600 on it)");
    } catch (const Error& error) {
        if (error.code() != "file.missing") faults_.add(wanted.at, wanted.key, path.string() + " cannot be read (look at its owner and mode)");
    }
    return *dot_env_;
}

std::string shown(const Secret& secret) { return secret.source.empty() ? "" : std::string{kShown} + secret.source + ")"; }

}  // namespace mediaferry::config
