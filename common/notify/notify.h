#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Tells a person, over every channel the config names (ntfy, a webhook, mail, a command), and a watchdog that we live.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "common/http/http.h"
#include "common/types/timestamp.h"

namespace mediaferry::notify {

enum class Severity { info, warning, error };
/// "info", "warning", "error".
std::string_view to_text(Severity);

struct Message {
    Severity severity = Severity::info;
    std::string title;  ///< one line
    std::string text;   ///< what is wrong, where, what to do; no secrets, no Apple IDs
    std::string stage;  ///< "" when it is about no stage
    std::string code;   ///< the reason's code
    Timestamp at;
};

/// What became of a message on one channel.
struct Delivery {
    std::string channel;            ///< "ntfy", "webhook", "smtp", "command", "healthchecks"
    std::optional<Reason> failure;  ///< nullopt: delivered
};

/// One thread. A channel that fails is logged and stops neither the others nor the caller.
class Notifier {
public:
    explicit Notifier(config::Notify, http::Route = {});
    ~Notifier();
    Notifier(Notifier&&) noexcept;
    Notifier& operator=(Notifier&&) noexcept;

    /// Whether any channel is set up for messages.
    bool enabled() const;
    /// Tries every channel once; takes up to 20 s for each that does not answer. Does not throw for what a channel does.
    std::vector<Delivery> send(const Message&);
    /// Tells healthchecks_url that all is well, or (url/fail, with the text) that it is not. nullopt: none is set up.
    std::optional<Delivery> heartbeat(bool ok, const std::string& text);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::notify
