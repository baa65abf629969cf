#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One mail handed to an SMTP server.

#include <chrono>
#include <string>
#include <vector>

namespace mediaferry::http {

struct Mail {
    std::string url;                 ///< smtp://host:port (STARTTLS where offered; required once a password is given), smtps://host:port
    std::string username, password;  ///< "" = no sign-in
    std::string from;                ///< bare addresses
    std::vector<std::string> to;
    std::string message;  ///< RFC 5322: headers, empty line, body
    std::string ca_file;  ///< "" = the system's
    std::chrono::seconds timeout{60};
};

/// Returns when the server has accepted the mail. Throws Unavailable (http.unreachable, http.timeout, http.tls, http.broken) or
/// NeedsPerson ("mail.refused": wrong password, sender or recipient not taken).
void send_mail(const Mail&);

}  // namespace mediaferry::http
