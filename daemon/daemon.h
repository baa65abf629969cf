#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The daemon decides when a stage runs and notices how it ended; everything else happens in the stage's own process. It never
// loads a codec or opens a photo.

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <optional>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "daemon/children.h"
#include "daemon/receiving.h"
#include "daemon/options.h"
#include "daemon/schedule.h"
#include "daemon/status_server.h"
#include "daemon/troubles.h"

namespace mediaferry::daemon {

class Daemon {
public:
    Daemon(config::Settings, media_db::MediaDb, const Clock&);
    /// Until SIGTERM or SIGINT.
    void run();

private:
    void wait_for_signal();
    void look();  ///< reap, decide, start, sleep
    void look_again(Timestamp);
    void note_end(const Ended&);
    void start_due(const Decision&);
    StageNow stage_now(const pipeline::Step&) const;
    void heartbeat();
    void feed_watchdog();
    void begin_stop(int signal);
    void finish_stop_if_idle();
    void reload();
    void open_status_page();
    std::string status_line() const;

    boost::asio::io_context context_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer wake_, watchdog_, patience_;
    const Clock& clock_;
    config::Settings settings_;
    media_db::MediaDb db_;
    WorkflowId workflow_;
    Children children_;
    Messenger messenger_;
    Troubles troubles_;
    Receiving receiving_;
    Timestamp last_heartbeat_{};
    std::vector<Window> windows_;
    std::map<std::string, Rule> rules_;
    struct NoStart {
        int times = 0;
        Timestamp until;
    };
    std::map<std::string, NoStart> no_starts_;
    std::unique_ptr<StatusServer> page_;
    bool stopping_ = false;
};

int daemon_command(const Options&, const config::Settings&);

}  // namespace mediaferry::daemon
