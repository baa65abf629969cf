// SPDX-License-Identifier: GPL-3.0-or-later
// icloudpd's cookie jar, and Set-Cookie headers: whoever writes them, what we write back is read the same.
#include "common/icloud/cookies.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

namespace {

void comes_back(const icloud::CookieJar& jar, const char* what) {
    const auto text = jar.to_text();
    const auto again = icloud::CookieJar::parse(text);
    require(again.cookies().size() == jar.cookies().size(), what);
    require(again.to_text() == text, what);
}

}  // namespace

FUZZ(cookies) {
    const auto [jar_text, set_cookie] = fuzz::in_two(input);
    auto jar = icloud::CookieJar::parse(jar_text);
    for (const auto& cookie : jar.cookies()) require(!cookie.name.empty() && !cookie.domain.empty(), "a cookie without name or domain");
    comes_back(jar, "a jar that is written is read otherwise");
    const Timestamp now{std::chrono::seconds{1'700'000'000}};
    for (const auto* host : {"setup.icloud.com", "p31-ckdatabasews.icloud.com", "idmsa.apple.com", "evil.example"}) {
        const auto header = jar.header_for(host, "/setup/ws/1", now);
        require(header.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos, "a cookie ends its header and begins another");
    }
    jar.take(set_cookie, "setup.icloud.com", now);
    comes_back(jar, "a cookie that a server set is read otherwise from the jar");
}
