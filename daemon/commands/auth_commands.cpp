// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/auth_commands.h"

#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/files/files.h"
#include "common/icloud/client.h"
#include "common/icloud/login.h"
#include "common/icloud/sign_in_state.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"

namespace mediaferry::daemon {
namespace {

struct AuthOptions {
    std::string what;
    bool check = false, fresh = false, json = false;
    fs::path code_file;
};

AuthOptions read_words(const Options& options) {
    AuthOptions out;
    out.json = options.json;
    const auto& words = options.words;
    if (words.empty() || (words.front() != "status" && words.front() != "login"))
        throw UsageError{"usage.words", "auth: say `auth status` or `auth login`"};
    out.what = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) {
        const bool login = out.what == "login";
        if (words[i] == "--json")
            out.json = true;
        else if (words[i] == "--check" && !login)
            out.check = true;
        else if (words[i] == "--fresh" && login)
            out.fresh = true;
        else if (words[i] == "--code-file" && login && i + 1 < words.size())
            out.code_file = words[++i];
        else
            throw UsageError{"usage.option", "auth " + out.what + ": " + words[i] + " is not known here (" +
                                                 (login ? "--fresh, --code-file FILE" : "--check, --json") + ")"};
    }
    return out;
}

std::string days_ago(Timestamp then, Timestamp now) {
    const auto days = std::chrono::duration_cast<std::chrono::hours>(now - then).count() / 24;
    return days == 0 ? "today" : std::to_string(days) + (days == 1 ? " day ago" : " days ago");
}

// What --check found, in a word that scripts can count.
struct Checked {
    std::string word, text;
    bool good = false;
};

Checked check_session(const config::Settings& settings, const Clock& clock, icloud::SignInState& state) {
    const auto lock = icloud::SessionLock::take(settings.icloud.cookie_directory);
    icloud::Client client{lock, settings.icloud, clock};
    switch (client.sign_in()) {
        case icloud::SignIn::signed_in: state.signed_in(false); return {"signed_in", "iCloud accepts the session", true};
        case icloud::SignIn::two_factor: return {"two_factor", state.two_factor_needed().text, false};
        case icloud::SignIn::login_needed: break;
    }
    const auto blocked = state.blocked();
    return {"login_needed", blocked ? blocked->text : "the session has ended; the next run logs in with the password, or run `mediaferry auth login`",
            !blocked};
}

int status(const AuthOptions& options, const config::Settings& settings) {
    const SystemClock clock;
    auto db = open_house(settings);
    icloud::SignInState state{db, settings.icloud, clock};
    std::optional<Checked> checked;
    if (options.check) checked = check_session(settings, clock, state);
    const auto session = icloud::Session::read(settings.icloud.cookie_directory, settings.icloud.username);
    const auto blocked = state.blocked();
    const bool stuck = blocked && (blocked->code != "icloud.no_password" || session.empty());
    const auto warning = state.trust_warning();
    const bool good = checked ? checked->good : !stuck && !session.empty();

    nlohmann::ordered_json report{{"session", !session.empty()}, {"good", good}};
    std::string text = session.empty() ? "session        none: run `mediaferry auth login`\n" : "session        there\n";
    const auto add = [&](const char* key, const std::string& label, const std::optional<Timestamp>& when) {
        if (!when) return;
        report[key] = to_iso(*when);
        text += label + to_iso(*when) + " (" + days_ago(*when, clock.now()) + ")\n";
    };
    add("last_sign_in", "last sign-in   ", state.last_sign_in());
    add("last_trust", "last code      ", state.last_trust());
    if (const auto trusted = state.last_trust()) {
        report["trust_ends_about"] = to_iso(*trusted + std::chrono::hours{24 * 30});
        text += "trust ends     about " + to_iso(*trusted + std::chrono::hours{24 * 30}) + "\n";
    }
    if (const auto ends = session.token_expires()) {
        report["token_expires"] = to_iso(*ends);
        text += "token expires  " + to_iso(*ends) + "\n";
    }
    if (checked) {
        report["checked"] = checked->word;
        text += "checked        " + checked->text + "\n";
    }
    if (stuck) {
        report["blocked"] = {{"code", blocked->code}, {"text", blocked->text}};
        text += "blocked        " + blocked->text + "\n";
    }
    if (warning) {
        report["warning"] = warning->text;
        text += "warning        " + warning->text + "\n";
    }
    std::cout << (options.json ? report.dump(2) + "\n" : text);
    return good ? 0 : kSignIn;
}

std::optional<std::string> ask_code(const fs::path& code_file, bool& read_already) {
    if (!code_file.empty()) {
        if (std::exchange(read_already, true)) return std::nullopt;  // the file says the same a second time
        const std::string text = files::read_small_file(code_file, 4096);
        return text.substr(0, text.find('\n'));
    }
    if (::isatty(STDIN_FILENO)) std::cerr << "code: " << std::flush;
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
}

// --fresh: the present session is put aside, and back again when the login fails.
class PutAside {
public:
    PutAside(const icloud::SessionLock& lock, const std::string& username) {
        for (const auto* end : {"", ".session", ".session.kept"}) {
            const fs::path file = lock.directory() / (icloud::session_name(username) + end);
            boost::system::error_code none;
            if (!fs::exists(file, none)) continue;
            fs::rename(file, aside(file));
            files_.push_back(file);
        }
    }
    ~PutAside() {
        boost::system::error_code ignored;
        for (const auto& file : files_) {
            if (keep_new_)
                fs::remove(aside(file), ignored);
            else
                fs::rename(aside(file), file, ignored);
        }
    }
    PutAside(const PutAside&) = delete;
    PutAside& operator=(const PutAside&) = delete;
    void keep_new() { keep_new_ = true; }

private:
    static fs::path aside(const fs::path& file) { return file.string() + ".aside"; }
    std::vector<fs::path> files_;
    bool keep_new_ = false;
};

int exit_for(icloud::LoginEnd end) {
    using enum icloud::LoginEnd;
    switch (end) {
        case signed_in: return 0;
        case throttled: return kTryLater;
        case unreachable:
        case failed: return kUnavailable;
        case wrong_password:
        case locked:
        case wrong_code:
        case no_code: return kSignIn;
    }
    return kBug;
}

int login(const AuthOptions& options, const config::Settings& settings) {
    if (!settings.icloud.password.present)
        throw SignInRequired{"icloud.no_password",
                             "the config has no iCloud password: write it into a file of mode 0600 and name it with `icloud.password_file`"};
    const SystemClock clock;
    auto db = open_house(settings);
    const auto lock = icloud::SessionLock::take(settings.icloud.cookie_directory);
    icloud::SignInState state{db, settings.icloud, clock};
    std::optional<PutAside> aside;
    if (options.fresh) aside.emplace(lock, settings.icloud.username);

    state.person_acts();
    bool read_already = false;
    std::cerr << "logging in to iCloud; this takes a moment\n";
    const icloud::LoginTalk talk{[](const std::string& line) { std::cerr << line << "\n"; },
                                 [&] { return ask_code(options.code_file, read_already); }};
    const auto result = icloud::log_in(lock, settings.icloud, clock, settings.state_directory() / "login", talk);
    if (result.end != icloud::LoginEnd::signed_in) {
        state.learn(result.run);
        std::cerr << result.text << "\n";
        return exit_for(result.end);
    }
    if (aside) aside->keep_new();
    icloud::Client client{lock, settings.icloud, clock};
    if (client.sign_in() != icloud::SignIn::signed_in)
        throw SignInRequired{"icloud.sign_in",
                             "icloudpd says it is signed in, but iCloud does not accept its session: run `mediaferry auth login --fresh`"};
    state.signed_in(result.code_used);
    std::cout << "signed in to iCloud" << (result.code_used ? "; Apple trusts this machine for about 30 days\n" : "\n");
    return 0;
}

}  // namespace

int auth_command(const Options& options, const config::Settings& settings) {
    const AuthOptions words = read_words(options);
    return words.what == "status" ? status(words, settings) : login(words, settings);
}

}  // namespace mediaferry::daemon
