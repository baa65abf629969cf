// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/notices.h"

#include "common/log/log.h"

namespace mediaferry::daemon {

void send_notice(const config::Settings&, const Episodes::Message& message) {
    if (message.trouble) log::error("trouble", {{"SUBJECT", message.subject}, {"TEXT", message.text}});
    else log::info("trouble is over", {{"SUBJECT", message.subject}, {"TEXT", message.text}});
}

}  // namespace mediaferry::daemon
