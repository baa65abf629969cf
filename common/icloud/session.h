#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The signed-in session that we share with icloudpd: two small files in the cookie directory (facts/icloud.md B1). Whoever
// reads, writes or lets icloudpd use them holds the SessionLock: both rewrite the files after every reply.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/http/http.h"
#include "common/icloud/cookies.h"
#include "common/types/fs.h"
#include "common/types/timestamp.h"

namespace mediaferry::icloud {

/// Held by everyone who uses the session, for as long as they do: our client and icloudpd are never at it together.
/// The kernel frees it when the process dies.
class SessionLock {
public:
    /// Makes the cookie directory (0700) if needed. nullopt: another run uses the session.
    static std::optional<SessionLock> try_take(const fs::path& cookie_directory);
    /// As try_take(), but waits for up to `patience` and then throws TryLater ("icloud.session_busy").
    static SessionLock take(const fs::path& cookie_directory, std::chrono::seconds patience = std::chrono::seconds{0});

    const fs::path& directory() const { return directory_; }

    /// How long a stage waits for another one that is just at it: a short stage is over by then, a long download is not worth waiting for.
    static constexpr std::chrono::seconds kPatience{30};

private:
    SessionLock(fs::path directory, files::Lock lock) : directory_(std::move(directory)), lock_(std::move(lock)) {}
    fs::path directory_;
    files::Lock lock_;
};

/// Name of the cookie jar of an account: the user name in lower case without anything but letters, digits and "_"; its
/// JSON lies beside it with ".session" added.
std::string session_name(std::string_view username);

/// Both files in memory.
class Session {
public:
    /// Missing or torn files read as empty ones (icloudpd does the same); a torn or missing `.session` is taken from the kept copy, if there is one.
    static Session read(const fs::path& cookie_directory, std::string_view username);

    /// The Cookie header for a request; "" when none applies.
    std::string cookies_for(std::string_view host, std::string_view path, Timestamp now) const { return jar_.header_for(host, path, now); }
    /// "client_id", "session_token", "trust_token", "account_country", "scnt", "session_id", …; "" when unknown.
    std::string value(std::string_view key) const;
    /// No cookies and no tokens: nobody has ever signed in here.
    bool empty() const;
    /// When the session's web token ends, by its cookie.
    std::optional<Timestamp> token_expires() const;

    /// Takes over what a reply of `host` changes: Set-Cookie, and the X-Apple-* headers that icloudpd keeps.
    void merge(const http::Response&, std::string_view host, Timestamp now);
    bool changed() const { return changed_; }
    /// Makes up a client id ("auth-<uuid>") when there is none yet.
    void ensure_client_id();

    /// Writes both files atomically, 0600, in the form icloudpd reads. Nothing when nothing changed.
    void write_back(const SessionLock&);
    /// Copies both files to "<name>.kept" and "<name>.session.kept": after each good sign-in.
    void keep_copy(const SessionLock&) const;

private:
    std::string name_;
    CookieJar jar_;
    std::map<std::string, std::string, std::less<>> values_;
    bool changed_ = false;
};

}  // namespace mediaferry::icloud
