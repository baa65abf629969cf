#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where a secret comes from: x_file, x_env, a systemd credential, or plain x; in this order.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/faults.h"
#include "common/config/settings.h"

namespace mediaferry::config {

/// One of a secret's keys as the file gives it.
struct GivenSecret {
    Position at;
    std::string key;  ///< with its sections: "icloud.password_file"
    std::string text;
};

/// Finds secrets for one config file. Every value found is made known to the log, which never prints it.
class SecretFinder {
public:
    SecretFinder(fs::path config_file, Faults& faults) : file_(std::move(config_file)), faults_(faults) {}

    /// The secret called `key`; `credential` is its name under $CREDENTIALS_DIRECTORY.
    Secret find(const std::string& key, const std::optional<GivenSecret>& file, const std::optional<GivenSecret>& variable,
                const std::optional<GivenSecret>& plain, std::string_view credential);

private:
    Secret from_file(const GivenSecret&);
    Secret from_environment(const GivenSecret&);
    std::optional<Secret> from_credential(const std::string& key, std::string_view name);
    Secret plain(const GivenSecret&);
    const std::map<std::string, std::string>& dot_env(const GivenSecret& wanted);

    fs::path file_;
    Faults& faults_;
    std::optional<std::map<std::string, std::string>> dot_env_;
};

/// What `config show` prints in a secret's place; "" when there is none.
std::string shown(const Secret&);

/// The variables of a `.env` file: KEY=VALUE a line, `export`, quotes, # comments. Lines that are none of these are faults.
std::map<std::string, std::string> parse_dot_env(std::string_view text, const fs::path& name, Faults&);

}  // namespace mediaferry::config
