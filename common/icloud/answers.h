#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a whole answer of CloudKit means for the caller. Pure; errors of single records are not judged here.

#include <chrono>
#include <optional>

#include "common/http/http.h"
#include "common/icloud/records.h"

namespace mediaferry::icloud {

enum class Verdict {
    ok,
    busy,        ///< leave it alone for a while
    op_lock,     ///< "Sync zone CAS Op-Lock failed": two writers met; a moment later it works
    stale,       ///< sign in again
    denied,      ///< ADP, web access off, or throttled for hours
    not_set_up,  ///< no such zone
    refused,     ///< anything else that is not a yes
};
/// The three ways in which errors come (facts C): HTTP status, a code at the top of a 200; a code in single records is `ok` here.
Verdict judge(const http::Response&);

/// Retry-After of a reply (header or body, seconds), at least a minute, at most six hours; 15 minutes when there is none.
std::chrono::seconds wait_asked_for(const http::Response&);

/// Throws what the verdict calls for; `doing` is for the text ("listing the library"). A bug for Verdict::ok.
[[noreturn]] void throw_verdict(Verdict, const http::Response&, const std::string& doing);

}  // namespace mediaferry::icloud
