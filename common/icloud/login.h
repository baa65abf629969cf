#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// `auth login`: icloudpd logs in with the password, we send the push it cannot send any more, a person gives the code.

#include <functional>
#include <optional>
#include <string>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/icloud/icloudpd.h"
#include "common/icloud/session.h"

namespace mediaferry::icloud {

struct LoginTalk {
    std::function<void(const std::string& line)> say;      ///< what is going on, for a person
    std::function<std::optional<std::string>()> ask_code;  ///< the code from a device; nullopt: nobody can give one
};

enum class LoginEnd { signed_in, wrong_password, locked, wrong_code, no_code, throttled, unreachable, failed };
struct LoginResult {
    LoginEnd end = LoginEnd::failed;
    bool code_used = false;  ///< a code was accepted: the browser is trusted from now on
    IcloudpdRun run;
    std::string text;  ///< for a person
};

/// Logs in with the configured password. Tries it once.
LoginResult log_in(const SessionLock&, const config::ICloud&, const Clock&, const fs::path& run_directory, const LoginTalk&);

/// Asks Apple to show a code on the person's devices, on the session that icloudpd has just written while it waits at its prompt
/// (facts A4: 1.32.2 does not do it itself). True: Apple took it.
bool push_code(const config::ICloud&, const Clock&, const fs::path& cookie_directory);

}  // namespace mediaferry::icloud
