// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/answers.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <stdexcept>

#include "common/icloud/client.h"

namespace mediaferry::icloud {
namespace {

bool mentions(std::string text, std::string_view words) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text.find(words) != std::string::npos;
}

std::optional<Verdict> judge_code(const RecordError& error) {
    static const std::set<std::string> busy{"THROTTLED", "TRY_AGAIN_LATER", "RETRY_LATER", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "ZONE_BUSY"};
    static const std::set<std::string> stale{"AUTHENTICATION_REQUIRED", "AUTHENTICATION_FAILED"};
    if (error.code == "CAS_OP_LOCK" || (busy.count(error.code) && (mentions(error.reason, "op-lock") || mentions(error.reason, "oplock"))))
        return Verdict::op_lock;
    if (busy.count(error.code)) return Verdict::busy;
    if (stale.count(error.code)) return Verdict::stale;
    if (error.code == "ACCESS_DENIED") return Verdict::denied;
    if (error.code == "ZONE_NOT_FOUND") return Verdict::not_set_up;
    return Verdict::refused;
}

Verdict judge_status(int status) {
    if (status == 421 || status == 450 || status == 401) return Verdict::stale;
    if (status == 403) return Verdict::denied;
    if (status == 429 || status >= 500) return Verdict::busy;
    return Verdict::refused;
}

}  // namespace

Verdict judge(const http::Response& response) {
    // The code says more than the status: a 503 may be an op-lock, a 404 a missing zone.
    if (const auto error = top_error(response.body))
        if (const auto verdict = judge_code(*error); verdict && (*verdict != Verdict::refused || response.status == 200)) return *verdict;
    return response.status == 200 ? Verdict::ok : judge_status(response.status);
}

std::chrono::seconds wait_asked_for(const http::Response& response) {
    std::chrono::seconds wait{15 * 60};
    const std::string header = response.header("Retry-After");
    if (!header.empty() && header.size() < 8 && header.find_first_not_of("0123456789") == std::string::npos) {
        wait = std::chrono::seconds{std::stol(header)};
    } else if (const auto error = top_error(response.body); error && error->retry_after) {
        wait = *error->retry_after;
    }
    return std::clamp<std::chrono::seconds>(wait, std::chrono::minutes{1}, std::chrono::hours{6});
}

void throw_verdict(Verdict verdict, const http::Response& response, const std::string& doing) {
    const auto error = top_error(response.body);
    std::string said = "HTTP " + std::to_string(response.status);
    if (error) said += ", " + error->code.substr(0, 60) + (error->reason.empty() ? "" : ": " + error->reason.substr(0, 200));
    switch (verdict) {
        case Verdict::busy:
        case Verdict::op_lock:
            throw Busy{"iCloud is busy or throttles us while " + doing + " (" + said + "); it is left alone for a while", wait_asked_for(response)};
        case Verdict::stale:
            throw SignInRequired{"icloud.sign_in",
                                 "iCloud no longer accepts the session while " + doing + " (" + said + "): run `mediaferry auth login`"};
        case Verdict::denied:
            throw NeedsPerson{
                "icloud.access_denied",
                "iCloud refuses access to the photos while " + doing + " (" + said +
                    "). Either Advanced Data Protection is on or \"Access iCloud Data on the Web\" is off (iPhone: Settings, your name, iCloud), "
                    "or Apple throttles this account: then wait some hours and run less often"};
        case Verdict::not_set_up:
            throw NeedsPerson{"icloud.not_set_up", "iCloud knows no such photo library while " + doing + " (" + said +
                                                       "): is iCloud Photos switched on and set up for this account?"};
        case Verdict::refused: throw TransientError{"icloud.refused", "iCloud refused " + doing + " (" + said + ")"};
        case Verdict::ok: break;
    }
    throw std::logic_error("throw_verdict called for an answer that is well");
}

}  // namespace mediaferry::icloud
