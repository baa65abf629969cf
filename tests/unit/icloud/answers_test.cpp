// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/icloud/answers.h"
#include "common/icloud/client.h"

using namespace mediaferry;
using namespace mediaferry::icloud;

TEST_CASE("what an answer means", "[icloud]") {
    const auto [status, body, verdict] = GENERATE(table<int, std::string, Verdict>({
        {200, R"({"records":[]})", Verdict::ok},
        {200, R"({"records":[{"recordName":"A","serverErrorCode":"CONFLICT"}]})", Verdict::ok},
        {200, R"({"serverErrorCode":"TRY_AGAIN_LATER","reason":"Sync zone CAS Op-Lock failed"})", Verdict::op_lock},
        {503, R"({"serverErrorCode":"TRY_AGAIN_LATER","reason":"Sync zone CAS Op-Lock failed"})", Verdict::op_lock},
        {200, R"({"serverErrorCode":"TRY_AGAIN_LATER"})", Verdict::busy},
        {200, R"({"serverErrorCode":"RETRY_LATER"})", Verdict::busy},
        {429, R"({"serverErrorCode":"THROTTLED"})", Verdict::busy},
        {429, "", Verdict::busy},
        {503, "<html>", Verdict::busy},
        {500, R"({"serverErrorCode":"INTERNAL_ERROR"})", Verdict::busy},
        {421, R"({"serverErrorCode":"AUTHENTICATION_REQUIRED"})", Verdict::stale},
        {450, "", Verdict::stale},
        {401, R"({"serverErrorCode":"AUTHENTICATION_FAILED"})", Verdict::stale},
        {403, R"({"serverErrorCode":"ACCESS_DENIED","reason":"private db access disabled for this account"})", Verdict::denied},
        {200, R"({"serverErrorCode":"ACCESS_DENIED"})", Verdict::denied},
        {404, R"({"serverErrorCode":"ZONE_NOT_FOUND"})", Verdict::not_set_up},
        {200, R"({"zones":[{"serverErrorCode":"ZONE_NOT_FOUND"}]})", Verdict::not_set_up},
        {200, R"({"batch":[{"serverErrorCode":"THROTTLED"}]})", Verdict::busy},
        {400, R"({"serverErrorCode":"BAD_REQUEST"})", Verdict::refused},
        {200, R"({"serverErrorCode":"SOMETHING_NEW"})", Verdict::refused},
        {413, R"({"serverErrorCode":"QUOTA_EXCEEDED"})", Verdict::refused},
        {302, "", Verdict::refused},
    }));
    CAPTURE(status, body);
    CHECK(judge({status, {}, body}) == verdict);
}

TEST_CASE("Retry-After is honoured within reason", "[icloud]") {
    CHECK(wait_asked_for({429, {{"Retry-After", "600"}}, ""}) == std::chrono::seconds{600});
    CHECK(wait_asked_for({429, {{"Retry-After", "1"}}, ""}) == std::chrono::minutes{1});
    CHECK(wait_asked_for({429, {{"Retry-After", "9999999"}}, ""}) == std::chrono::hours{6});
    CHECK(wait_asked_for({503, {}, R"({"serverErrorCode":"THROTTLED","retryAfter":120})"}) == std::chrono::seconds{120});
    CHECK(wait_asked_for({503, {{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"}}, ""}) == std::chrono::minutes{15});
}

TEST_CASE("failures carry what their catcher needs", "[icloud]") {
    CHECK_THROWS_AS(throw_verdict(Verdict::busy, {429, {}, ""}, "listing"), Busy);
    CHECK_THROWS_AS(throw_verdict(Verdict::stale, {421, {}, ""}, "listing"), SignInRequired);
    CHECK_THROWS_WITH(throw_verdict(Verdict::stale, {421, {}, ""}, "listing"), Catch::Contains("mediaferry auth login"));
    CHECK_THROWS_WITH(throw_verdict(Verdict::denied, {403, {}, ""}, "listing"), Catch::Contains("Advanced Data Protection"));
    CHECK_THROWS_AS(throw_verdict(Verdict::refused, {400, {}, ""}, "listing"), TransientError);
}
