#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The cookie jar that icloudpd keeps (LWP format, "#LWP-Cookies-2.0"): read, asked, fed with Set-Cookie, written back so that
// icloudpd reads it again (facts/icloud.md B1). Pure: no files, no network.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/types/timestamp.h"

namespace mediaferry::icloud {

struct Cookie {
    std::string name;
    std::string value;   ///< as it goes over the wire; Apple's values carry their own double quotes
    std::string domain;  ///< ".icloud.com", lower case
    std::string path = "/";
    bool secure = false;
    std::optional<Timestamp> expires;  ///< absent: a session cookie; icloudpd keeps those too
    /// Attributes of the jar line that mean nothing to us and must survive: path_spec, domain_dot, HttpOnly, version, …; nullopt: a bare word.
    std::vector<std::pair<std::string, std::optional<std::string>>> other;
};

class CookieJar {
public:
    /// Lines that cannot be read are passed over (icloudpd would refuse the whole jar and ask for a new sign-in).
    static CookieJar parse(std::string_view text);
    std::string to_text() const;

    /// The value of the Cookie header for `https://host/path`; "" when none applies. Expired cookies are sent as icloudpd sends them: not at all.
    std::string header_for(std::string_view host, std::string_view path, Timestamp now) const;
    /// Takes in one Set-Cookie header of a reply of `host`: replaces, adds or (expired) removes. A domain that `host` may not set is ignored.
    void take(std::string_view set_cookie, std::string_view host, Timestamp now);

    const std::vector<Cookie>& cookies() const { return cookies_; }
    const Cookie* find(std::string_view name) const;

private:
    std::vector<Cookie> cookies_;
};

}  // namespace mediaferry::icloud
