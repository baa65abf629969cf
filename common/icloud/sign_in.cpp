// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/answers.h"
#include "common/icloud/client_impl.h"
#include "common/log/log.h"

namespace mediaferry::icloud {
namespace {

// A 500 is among Apple's ways to say that a session is stale (icloudpd reads it so); if it is an outage, the login that follows meets it too.
bool says_stale(int status) { return status == 421 || status == 450 || status == 401 || status == 403 || status == 409 || status == 500; }

bool throttled(int status) { return status == 429 || status >= 500; }

std::string login_body(const Session& session) {
    wire::json body{{"accountCountryCode", session.value("account_country")},
                    {"dsWebAuthToken", session.value("session_token")},
                    {"extended_login", true},
                    {"trustToken", session.value("trust_token")}};
    return body.dump(-1, ' ', false, wire::json::error_handler_t::replace);
}

void check_account(const Account& account) {
    if (!account.domain_to_use.empty())
        throw NeedsPerson{"icloud.domain", "this Apple account belongs to " + account.domain_to_use.substr(0, 40) + ": set `icloud.domain` to " +
                                               (account.domain_to_use.find("cn") != std::string::npos ? "cn" : "com")};
    if (!account.web_access)
        throw NeedsPerson{
            "icloud.access_denied",
            "this account does not allow access to iCloud data on the web (Advanced Data Protection): mediaferry cannot work with "
            "it. Switch on \"Access iCloud Data on the Web\" or switch Advanced Data Protection off (iPhone: Settings, your name, iCloud)"};
    if (account.database_url.compare(0, 8, "https://") != 0)
        throw NeedsPerson{"icloud.not_set_up", "this account has no iCloud Photos: switch it on (iPhone: Settings, your name, iCloud, Photos)"};
}

}  // namespace

SignIn Client::Impl::sign_in() {
    account.reset();
    session = Session::read(lock.directory(), settings.username);
    if (session.empty()) return SignIn::login_needed;
    session.ensure_client_id();

    http::Response response = post(hosts.setup + "/validate", "null");
    if (response.status != 200) {
        if (!says_stale(response.status))
            throw_verdict(throttled(response.status) ? Verdict::busy : Verdict::refused, response, "checking the session");
        if (session.value("session_token").empty()) return SignIn::login_needed;
        log::info("iCloud session is stale, renewing it with its own tokens", {});
        response = post(hosts.setup + "/accountLogin", login_body(session));
        if (throttled(response.status)) throw_verdict(Verdict::busy, response, "renewing the session");
        if (response.status != 200 && !says_stale(response.status)) throw_verdict(Verdict::refused, response, "renewing the session");
        if (response.status != 200) return SignIn::login_needed;
    }
    Account found = read_account(response.body);
    if (!found.domain_to_use.empty()) check_account(found);
    if (found.two_factor_needed) return SignIn::two_factor;
    check_account(found);
    account = std::move(found);
    session.keep_copy(lock);
    return SignIn::signed_in;
}

}  // namespace mediaferry::icloud
