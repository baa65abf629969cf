// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/notify/notify.h"

#include <unistd.h>

#include <array>
#include <cstdlib>

#include "common/failpoint/failpoint.h"
#include "common/http/mail.h"
#include "common/log/log.h"
#include "common/notify/letters.h"
#include "common/process/process.h"

namespace mediaferry::notify {

using namespace std::chrono_literals;

std::string_view to_text(Severity severity) {
    switch (severity) {
        case Severity::info: return "info";
        case Severity::warning: return "warning";
        case Severity::error: break;
    }
    return "error";
}

namespace {

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// ntfy's words: https://docs.ntfy.sh/publish/#message-priority and #tags-emojis
const char* ntfy_priority(Severity severity) { return severity == Severity::error ? "high" : severity == Severity::warning ? "default" : "low"; }
const char* ntfy_tag(Severity severity) {
    return severity == Severity::error ? "rotating_light" : severity == Severity::warning ? "warning" : "white_check_mark";
}

}  // namespace

struct Notifier::Impl {
    config::Notify settings;
    http::Route route;
    http::Client client;
    std::string host = host_name();

    Impl(config::Notify the_settings, http::Route the_route) : settings(std::move(the_settings)), route(std::move(the_route)), client(route) {
        log::redact(settings.ntfy_token.value);
        log::redact(settings.smtp.password.value);
    }

    /// Runs one channel; what goes wrong there is logged and ends here.
    template <class Work>
    Delivery deliver(const std::string& channel, Work work) {
        Delivery delivery{channel, std::nullopt};
        try {
            work();
        } catch (const std::exception& error) {
            delivery.failure = Reason{code_of(error), full_message(error)};
            log::warning("notification not delivered", {{"CHANNEL", channel}, {"CODE", delivery.failure->code}, {"WHY", delivery.failure->text}});
        }
        return delivery;
    }

    void request(http::Request request) {
        request.connect_timeout = 10s;
        request.once = request.method == "POST";
        request.timeout = 20s;
        const http::Response response = client.send(request);
        if (response.status < 200 || response.status > 299) {
            // Not retried: the next episode brings the next message. Its body may be a page of HTML, so only the number is told.
            throw TransientError{"notify.refused",
                                 "answered " + std::to_string(response.status) + "; check the address and the token in the notify section"};
        }
    }

    void to_ntfy(const Message& message) {
        http::Headers headers{{"Title", header_text(message.title)},
                              {"Priority", ntfy_priority(message.severity)},
                              {"Tags", ntfy_tag(message.severity)},
                              {"Content-Type", "text/plain; charset=utf-8"}};
        if (settings.ntfy_token.present) headers.emplace_back("Authorization", "Bearer " + settings.ntfy_token.value);
        request({.method = "POST", .url = settings.ntfy_url, .headers = headers, .body = message.text});
    }

    void to_webhook(const Message& message) {
        request({.method = "POST", .url = settings.webhook_url, .headers = {{"Content-Type", "application/json"}}, .body = json_text(message, host)});
    }

    void to_mail(const Message& message) {
        const config::Smtp& smtp = settings.smtp;
        const auto to = addresses(smtp.to);
        http::send_mail({.url = smtp.url,
                         .username = smtp.username,
                         .password = smtp.password.value,
                         .from = smtp.from,
                         .to = to,
                         .message = mail_text(message, smtp.from, to, host),
                         .ca_file = route.ca_file,
                         .timeout = 20s});
    }

    void to_command(const Message& message) {
        process::Command command{.argv = settings.command, .input = message.text + "\n", .deadline = 60s};
        // Not our whole environment: it may hold passwords (password_env).
        for (const char* name : {"PATH", "HOME", "LANG", "USER"}) {
            if (const char* value = std::getenv(name)) command.environment[name] = value;
        }
        command.environment["MEDIAFERRY_TITLE"] = message.title;
        command.environment["MEDIAFERRY_TEXT"] = message.text;
        command.environment["MEDIAFERRY_SEVERITY"] = to_text(message.severity);
        command.environment["MEDIAFERRY_STAGE"] = message.stage;
        command.environment["MEDIAFERRY_CODE"] = message.code;
        const process::Exit exit = process::run(command);
        if (!exit.ok()) throw TransientError{"notify.command", "the notify command failed: " + process::to_text(exit)};
    }
};

Notifier::Notifier(config::Notify settings, http::Route route) : impl_(std::make_unique<Impl>(std::move(settings), std::move(route))) {}
Notifier::~Notifier() = default;
Notifier::Notifier(Notifier&&) noexcept = default;
Notifier& Notifier::operator=(Notifier&&) noexcept = default;

bool Notifier::enabled() const {
    const config::Notify& settings = impl_->settings;
    return !settings.ntfy_url.empty() || !settings.webhook_url.empty() || !settings.smtp.url.empty() || !settings.command.empty();
}

std::vector<Delivery> Notifier::send(const Message& message) {
    Impl& impl = *impl_;
    std::vector<Delivery> deliveries;
    if (!impl.settings.ntfy_url.empty()) deliveries.push_back(impl.deliver("ntfy", [&] { MF_AROUND("notify.ntfy", impl.to_ntfy(message)); }));
    if (!impl.settings.webhook_url.empty())
        deliveries.push_back(impl.deliver("webhook", [&] { MF_AROUND("notify.webhook", impl.to_webhook(message)); }));
    if (!impl.settings.smtp.url.empty()) deliveries.push_back(impl.deliver("smtp", [&] { MF_AROUND("notify.mail", impl.to_mail(message)); }));
    if (!impl.settings.command.empty()) deliveries.push_back(impl.deliver("command", [&] { MF_AROUND("notify.command", impl.to_command(message)); }));
    return deliveries;
}

std::optional<Delivery> Notifier::heartbeat(bool ok, const std::string& text) {
    Impl& impl = *impl_;
    const std::string& url = impl.settings.healthchecks_url;
    if (url.empty()) return std::nullopt;
    return impl.deliver("healthchecks", [&] {
        if (ok) {
            MF_AROUND("notify.heartbeat", impl.request({.url = url}));
        } else {
            impl.request({.method = "POST", .url = failure_url(url), .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = text});
        }
    });
}

}  // namespace mediaferry::notify
