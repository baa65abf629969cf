// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "common/process/process.h"

namespace mediaferry::process {
namespace {

std::string signal_name(int number) {
    const char* name = ::sigabbrev_np(number);
    return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(number);
}

}  // namespace

std::string to_text(const Exit& exit) {
    if (exit.deadline_hit) {
        return exit.limit == Exit::Limit::silence ? "ended by us after " + std::to_string(exit.after.count()) + " s of silence"
                                                  : "ended by us at its deadline of " + std::to_string(exit.after.count()) + " s";
    }
    if (exit.stopped) return "ended by us as asked";
    if (exit.signal != 0) return "killed by " + signal_name(exit.signal);
    return "exit " + std::to_string(exit.code);
}

}  // namespace mediaferry::process
