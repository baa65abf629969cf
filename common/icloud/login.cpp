// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/login.h"

#include "common/icloud/client_impl.h"
#include "common/log/log.h"
#include "common/process/dialogue.h"

namespace mediaferry::icloud {
namespace {

constexpr auto kWidgetKey = "d39ba9916b7251055b22c7f910e2ea796ee65e98b2ddecea8f5dde8d9d1a815d";  // icloud.com's own, public

bool is_prompt(std::string_view text) { return text.find("Please enter two-factor authentication code") != std::string_view::npos; }

// "123 456" and "123-456" are how people read it out.
std::optional<std::string> six_digits(const std::string& typed) {
    std::string digits;
    for (const char c : typed) {
        if (c >= '0' && c <= '9')
            digits += c;
        else if (c != ' ' && c != '-' && c != '\t' && c != '\r')
            return std::nullopt;
    }
    return digits.size() == 6 ? std::optional{digits} : std::nullopt;
}

std::optional<std::string> ask(const LoginTalk& talk) {
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto typed = talk.ask_code();
        if (!typed) return std::nullopt;
        if (auto code = six_digits(*typed)) return code;
        talk.say("a code has six digits");
    }
    return std::nullopt;
}

LoginResult judge_run(IcloudpdRun run, bool asked, bool given) {
    LoginResult result;
    result.run = std::move(run);
    const IcloudpdRun& seen = result.run;
    const auto end = [&](LoginEnd what, const std::string& text) {
        result.end = what;
        result.text = text;
        return result;
    };
    if (seen.saw(Hint::locked)) return end(LoginEnd::locked, "Apple has locked the account or refuses the login: unlock it at iforgot.apple.com");
    if (seen.saw(Hint::wrong_password)) return end(LoginEnd::wrong_password, "Apple does not accept the password");
    if (seen.saw(Hint::two_factor_wrong)) return end(LoginEnd::wrong_code, "Apple did not accept the code: run `mediaferry auth login` again");
    if (seen.saw(Hint::authenticated)) {
        result.code_used = given && seen.saw(Hint::two_factor_ok);
        return end(LoginEnd::signed_in, "signed in");
    }
    if (asked && !given) return end(LoginEnd::no_code, "Apple wants a code from one of your devices, and none was given");
    if (seen.saw(Hint::throttled)) return end(LoginEnd::throttled, "Apple refuses to serve us for now: try again in some hours, not sooner");
    if (seen.saw(Hint::unreachable)) return end(LoginEnd::unreachable, "iCloud could not be reached");
    const auto problem = seen.problem();
    return end(LoginEnd::failed, problem ? problem->text : "icloudpd ended without saying that it is signed in");
}

}  // namespace

bool push_code(const config::ICloud& settings, const Clock& clock, const fs::path& cookie_directory) {
    const Session session = Session::read(cookie_directory, settings.username);
    const Hosts hosts = hosts_of(settings);
    const std::string path = "/appleauth/auth/verify/trusteddevice/securitycode";
    http::Request request;
    request.method = "PUT";
    request.once = true;
    request.url = hosts.idmsa + path;
    request.headers = {{"Accept", "application/json, text/javascript"},
                       {"Content-Type", "application/json"},
                       {"Origin", hosts.idmsa},
                       {"Referer", hosts.idmsa + "/"},
                       {"X-Apple-OAuth-Client-Id", kWidgetKey},
                       {"X-Apple-Widget-Key", kWidgetKey},
                       {"X-Apple-OAuth-Client-Type", "firstPartyAuth"},
                       {"X-Apple-OAuth-Redirect-URI", hosts.origin},
                       {"X-Apple-OAuth-Require-Grant-Code", "true"},
                       {"X-Apple-OAuth-Response-Mode", "web_message"},
                       {"X-Apple-OAuth-Response-Type", "code"},
                       {"X-Apple-OAuth-State", session.value("client_id")}};
    for (const auto& [header, key] : {std::pair{"scnt", "scnt"}, std::pair{"X-Apple-ID-Session-Id", "session_id"}})
        if (const auto value = session.value(key); !value.empty()) request.headers.emplace_back(header, value);
    const std::string host = hosts.idmsa.substr(hosts.idmsa.find("://") + 3);
    if (const auto cookies = session.cookies_for(host, path, clock.now()); !cookies.empty()) request.headers.emplace_back("Cookie", cookies);
    request.timeout = std::chrono::seconds{30};
    try {
        http::Client client{route_of(settings)};
        const int status = client.send(request).status;
        if (status >= 200 && status < 300) return true;
        log::warning("Apple did not take the request to send a code", {{"STATUS", status}});
    } catch (const Unavailable& failure) {
        log::warning("no answer to the request to send a code", {{"REASON", failure.code()}});
    }
    return false;
}

LoginResult log_in(const SessionLock& lock, const config::ICloud& settings, const Clock& clock, const fs::path& run_directory,
                   const LoginTalk& talk) {
    const RunDirectory scratch{run_directory, settings};
    process::Command command;
    command.argv = command_line(settings, {}, Purpose::auth_only);
    command.environment = environment(settings, scratch.path());
    command.directory = scratch.work();
    process::Dialogue icloudpd{command};
    OutputReader reader;
    bool asked = false, given = false;
    std::string prompt;
    auto last_word = std::chrono::steady_clock::now();
    while (!icloudpd.ended()) {
        const auto said = icloudpd.listen(std::chrono::seconds{1});
        if (!said) {
            if (std::chrono::steady_clock::now() - last_word > settings.silence) break;
            continue;
        }
        last_word = std::chrono::steady_clock::now();
        // The prompt comes without a newline: once it is answered, the next message stands behind it in the same line.
        if (said->complete) reader.take(std::string_view{said->text}.substr(said->text.compare(0, prompt.size(), prompt) == 0 ? prompt.size() : 0));
        if (!is_prompt(said->text) || asked) continue;
        asked = true;
        prompt = said->text;
        talk.say(push_code(settings, clock, lock.directory()) ? "Apple shows a code on your devices"
                                                              : "if no code appears on your devices, ask for one there: Settings, your name, "
                                                                "Sign-In & Security, Get Verification Code");
        const auto code = ask(talk);
        given = code && icloudpd.answer(*code + "\n");
        if (!given) icloudpd.hang_up();
        last_word = std::chrono::steady_clock::now();
    }
    icloudpd.hang_up();
    reader.result.exit = icloudpd.finish(std::chrono::seconds{30});
    return judge_run(std::move(reader.result), asked, given);
}

}  // namespace mediaferry::icloud
