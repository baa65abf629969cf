#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Trouble of a stage as a person hears of it: once when it begins, once when it is over. Remembered in media.db, so a restart repeats nothing.

#include <functional>
#include <string>

#include "common/errors/errors.h"
#include "common/media_db/media_db.h"
#include "common/notify/notify.h"
#include "common/types/timestamp.h"

namespace mediaferry::daemon {

class Troubles {
public:
    using Tell = std::function<void(const notify::Message&)>;
    Troubles(media_db::MediaDb& db, Tell tell) : db_(db), tell_(std::move(tell)) {}

    /// The stage failed as a whole, for this reason. A first "try later" is not yet told: the next try may heal it.
    void failed(const std::string& stage, int exit_code, const Reason&, int failures_in_a_row, Timestamp now);
    /// Its run went through; `waiting_for_a_person` files of it do not go on by themselves.
    void went_through(const std::string& stage, std::int64_t waiting_for_a_person, Timestamp now);
    /// What has been told and is not over: "nas_archive nas.unmounted".
    std::vector<std::string> open() const;

private:
    media_db::MediaDb& db_;
    Tell tell_;
};

/// Sends messages and heartbeats from a thread of its own: a mail server that does not answer must not keep the daemon from its watchdog.
class Messenger {
public:
    Messenger();
    ~Messenger();  ///< what has not begun is not sent
    void send(const config::Settings&, notify::Message);
    void heartbeat(const config::Settings&, bool ok, std::string text);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::daemon
