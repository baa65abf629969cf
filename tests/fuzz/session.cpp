// SPDX-License-Identifier: GPL-3.0-or-later
// icloudpd's session file, read from a folder as we do.
#include "common/icloud/session.h"

#include "common/files/files.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

namespace {

const fs::path& folder() {
    static const fuzz::Scratch scratch;
    return scratch.path;
}

}  // namespace

FUZZ(session) {
    const auto [values, jar] = fuzz::in_two(input);
    const auto user = "someone@example.com";
    const auto name = icloud::session_name(user);
    require(fuzz::is_one_component(name), "an account's file would lie elsewhere");
    files::replace_small_file(folder() / (name + ".session"), values);
    files::replace_small_file(folder() / name, jar);
    auto session = icloud::Session::read(folder(), user);
    session.token_expires();
    http::Response reply;
    reply.headers = {{"X-Apple-Session-Token", std::string(values.substr(0, 40))}, {"Set-Cookie", std::string(jar.substr(0, 80))}};
    session.merge(reply, "setup.icloud.com", Timestamp{std::chrono::seconds{1'700'000'000}});
    session.ensure_client_id();
    const auto lock = icloud::SessionLock::try_take(folder());
    require(lock.has_value(), "the lock is free");
    session.write_back(*lock);
    const auto again = icloud::Session::read(folder(), user);
    require(!again.value("client_id").empty(), "the client id was not kept");
    for (const auto* key : {"client_id", "session_id", "scnt", "account_country"})
        require(again.value(key) == session.value(key), "a session value that is written is read otherwise");
}
