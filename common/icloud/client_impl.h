#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: what the parts of Client share. One request at a time, cookies in and out, errors mapped.

#include <optional>
#include <string>

#include "common/icloud/client.h"
#include "common/icloud/wire.h"

namespace mediaferry::icloud {

/// Apple's addresses for an account's domain ("com" or "cn").
struct Hosts {
    std::string setup, origin, idmsa;
};
Hosts hosts_of(const config::ICloud&);
http::Route route_of(const config::ICloud&);

struct Client::Impl {
    Impl(const SessionLock&, const config::ICloud&, const Clock&, Library, std::function<bool()>);

    const SessionLock& lock;
    const config::ICloud settings;
    const Clock& clock;
    const Library library;
    const std::function<bool()> stop;
    const Hosts hosts;
    http::Client http;
    Session session;
    std::optional<Account> account;  ///< set: signed in

    SignIn sign_in();
    /// With cookies and Apple's usual headers; takes over and stores what the reply changes.
    http::Response post(const std::string& url, const std::string& body);
    /// A CloudKit call below .../production/<scope>: `records/query`. Signs in at need, once more when stale; tries again on an op-lock.
    std::string call(const std::string& path, const wire::json& body, const std::string& doing);
    void check_stop() const;
    /// Throws Interrupted.
    void pause(std::chrono::milliseconds) const;

    std::int64_t index_count(const std::string& index);
    /// The assets of a reply, those whose master it lacks completed by a lookup of the masters.
    std::vector<Asset> completed(const std::string& body);
    Listing walk(const std::string& record_type, const std::string& index, const OnPage&);
    std::string query(const std::string& record_type, const wire::json& filters, const std::string& doing);
};

/// How far past an empty page the rank is probed, one step after the other: again, then with holes of growing size.
inline constexpr std::int64_t kProbes[] = {0, 1, 10, 50, 100, 200};

}  // namespace mediaferry::icloud
