// SPDX-License-Identifier: GPL-3.0-or-later
// The small syntaxes: durations, sizes, dates, digests, addresses, .env files.
#include "common/config/secrets.h"
#include "common/config/settings.h"
#include "common/config/values.h"
#include "common/http/http.h"
#include "common/types/kinds.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::attempt;
using fuzz::require;

FUZZ(small_texts) {
    const std::string text(input);
    if (const auto duration = config::duration_from_text(text)) {
        require(duration->count() >= 0, "a negative duration");
        require(config::duration_from_text(config::duration_to_text(*duration)) == duration, "a duration that is written is read otherwise");
    }
    if (const auto size = config::bytes_from_text(text))
        require(config::bytes_from_text(config::size_to_text(*size)) == size, "a size that is written is read otherwise");
    if (const auto time = from_iso(text)) {
        require(from_iso(to_iso(*time)) == time, "a time that is written is read otherwise");
        require(to_compact(*time).size() == 15, "a time in a file name has another length");
    }
    if (const auto digest = sha256_from_hex(text)) require(sha256_from_hex(to_hex(*digest)) == digest, "a digest that is written is read otherwise");
    if (const auto kind = media_kind_from_text(text)) require(to_text(*kind) == text, "a kind that is written is read otherwise");
    config::listen_is_valid(text);
    if (config::url_is_valid(text, "http https")) {
        const auto shown = config::without_user(text);
        const auto who = std::string{config::user_of(text)};
        require(who.empty() || who == "***" || shown.find("//" + who + "@") != shown.find("//"), "an address is shown with its password");
        config::without_path(text);
    }
    for (const char c : http::encode(text))
        require(
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view{"-._~%"}.find(c) != std::string_view::npos,
            "an encoded word with a character that is not plain");
    attempt([&] {
        config::Faults faults{"/nowhere/mediaferry.yaml"};
        for (const auto& [name, value] : config::parse_dot_env(text, "/nowhere/.env", faults))
            require(!name.empty() && name.find_first_of("= \n") == std::string::npos && value.find('\n') == std::string::npos,
                    "a variable that is none");
        faults.throw_if_any();
    });
}
