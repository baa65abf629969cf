// SPDX-License-Identifier: GPL-3.0-or-later
// What we say to others: a text from outside (a file's name) ends no header and no log line.
#include "common/notify/letters.h"

#include <nlohmann/json.hpp>

#include "common/log/logfmt.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::require;

namespace {

bool has_control(std::string_view text) {
    for (const char c : text)
        if ((c >= 0 && c < 0x20) || c == 0x7f) return true;
    return false;
}

}  // namespace

FUZZ(letters) {
    const std::string text(input);
    require(!has_control(notify::header_text(text)), "a header that ends early");
    notify::Message message;
    message.title = message.text = message.stage = message.code = text;
    const auto mail = notify::mail_text(message, "from@example.com", {"to@example.com"}, text);
    const auto body = mail.find("\r\n\r\n");
    require(body != std::string::npos, "a mail without a body");
    std::size_t headers = 0;
    for (auto at = mail.find("\r\n"); at < body; at = mail.find("\r\n", at + 2)) ++headers;
    require(headers + 1 == 10, "a mail with a header that is not ours");
    for (const char c : mail) require(c >= 0, "a mail that is not ASCII");
    require(nlohmann::json::accept(notify::json_text(message, text)), "a message that is no JSON");
    require(!has_control(log::quoted(text)) && !has_control(log::quoted(text, true)), "a log line that ends early");
    require(!has_control(log::logfmt({{"NAME", text}, {"OTHER", 1}})), "a log field that ends its line");
    for (const auto& address : notify::addresses(text)) require(!address.empty(), "an empty address");
}
