#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The systemd journal as a place for log lines.

#include <string>

#include "common/log/log.h"

namespace mediaferry::log::journal {

/// Whether there is a journal to write to.
bool present();
/// Whether stderr is connected to it ($JOURNAL_STREAM names stderr's device and inode): then systemd started us.
bool on_stderr();
/// False: it was not taken. The field names are upper case already.
bool write(Level, const std::string& message, const std::string& event, const Fields&);

}  // namespace mediaferry::log::journal
