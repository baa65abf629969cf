#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What we remember of signing in, so that nothing retries a wrong password and a person is asked once (table state).

#include <optional>
#include <string>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "common/icloud/icloudpd.h"
#include "common/media_db/runs.h"

namespace mediaferry::icloud {

class SignInState {
public:
    SignInState(media_db::MediaDb&, const config::ICloud&, const Clock&);

    /// Throws SignInRequired when a login with the password must not be tried: "icloud.wrong_password" or "icloud.locked" until
    /// `mediaferry auth login` or another password in the config, "icloud.two_factor" until `auth login`, "icloud.no_password" when the config has
    /// none. Ask before every run of icloudpd that would log in; a good session needs no asking.
    void check_login_allowed() const;
    /// The same as an answer.
    std::optional<Reason> blocked() const;

    /// A run of icloudpd met this problem: remembers it. Returns what to throw (as SignInRequired) or report; nullopt for none.
    std::optional<Reason> learn(const IcloudpdRun&);
    /// A code is needed (Client::sign_in() said so).
    Reason two_factor_needed();
    /// True once per episode: now is the time to notify the person. Later calls say false until someone signed in.
    bool notify_once();

    /// Signed in with the session (`trusted` false) or by a login that a person confirmed with a code (true): the episode is over.
    void signed_in(bool trusted);
    /// `auth login` begins: the person acts, so the block is lifted.
    void person_acts();

    std::optional<Timestamp> last_trust() const;
    std::optional<Timestamp> last_sign_in() const;
    /// From day 21 after the last trust on: "icloud.trust_ending", with the command to run. Apple ends it after about 30 days.
    std::optional<Reason> trust_warning() const;

private:
    std::string key(std::string_view what) const;
    media_db::MediaDb& db_;
    const config::ICloud& settings_;
    const Clock& clock_;
};

/// "salt$rounds$hash" (PBKDF2-HMAC-SHA256): tells whether it is the same password again, and not the password.
std::string password_fingerprint(const std::string& password);
bool same_password(const std::string& password, const std::string& fingerprint);

}  // namespace mediaferry::icloud
