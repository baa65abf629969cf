// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/http/mail.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "common/errors/errors.h"
#include "common/http/easy.h"

namespace mediaferry::http {
namespace {

std::size_t on_read(char* into, std::size_t, std::size_t size, void* rest) {
    auto& text = *static_cast<std::string_view*>(rest);
    const std::size_t count = std::min(size, text.size());
    std::memcpy(into, text.data(), count);
    text.remove_prefix(count);
    return count;
}

std::string in_brackets(const std::string& address) {
    if (address.find_first_of("\r\n<> ") != std::string::npos)
        throw BadInput{"mail.address", "'" + address + "' is not a mail address (write name@example.com)"};
    return "<" + address + ">";
}

bool is_refusal(CURLcode result) { return result == CURLE_LOGIN_DENIED || result == CURLE_AUTH_ERROR || result == CURLE_REMOTE_ACCESS_DENIED; }

}  // namespace

void send_mail(const Mail& mail) {
    const Easy handle = new_easy();
    ErrorText details{};
    List recipients;
    for (const std::string& to : mail.to) append(recipients, in_brackets(to));
    const std::string from = in_brackets(mail.from);
    std::string_view rest = mail.message;

    set(handle, CURLOPT_ERRORBUFFER, details.data());
    set(handle, CURLOPT_URL, mail.url.c_str());
    set(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_PROXY, "");
    set(handle, CURLOPT_NOPROXY, "");
    // A password never crosses the network in the clear.
    set(handle, CURLOPT_USE_SSL, static_cast<long>(mail.password.empty() ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    if (!mail.username.empty()) {
        set(handle, CURLOPT_USERNAME, mail.username.c_str());
        set(handle, CURLOPT_PASSWORD, mail.password.c_str());
    }
    if (!mail.ca_file.empty()) {
        set(handle, CURLOPT_CAINFO, mail.ca_file.c_str());
        set(handle, CURLOPT_CAPATH, nullptr);
    }
    set(handle, CURLOPT_MAIL_FROM, from.c_str());
    set(handle, CURLOPT_MAIL_RCPT, recipients.get());
    set(handle, CURLOPT_UPLOAD, 1L);
    set(handle, CURLOPT_READFUNCTION, &on_read);
    set(handle, CURLOPT_READDATA, &rest);
    set(handle, CURLOPT_CONNECTTIMEOUT, 15L);
    set(handle, CURLOPT_TIMEOUT, static_cast<long>(mail.timeout.count()));

    const CURLcode result = curl_easy_perform(handle.get());
    if (result == CURLE_OK) return;
    long answer = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer);
    if (is_refusal(result) || answer >= 500) {
        throw NeedsPerson{"mail.refused", host_of(mail.url) + " refused the mail (SMTP " + std::to_string(answer) +
                                              "): check notify.smtp's from, to, username and password"};
    }
    throw_result(result, mail.url, details);
}

}  // namespace mediaferry::http
