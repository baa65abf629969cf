// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/exit_code.h"

#include "common/errors/errors.h"

namespace mediaferry::daemon {

int exit_code_of(const std::exception& error) {
    if (out_of_memory(error)) return kUnavailable;
    const auto is = [&]<class T>(const T*) { return dynamic_cast<const T*>(&error) != nullptr; };
    if (is(static_cast<const UsageError*>(nullptr))) return kUsage;
    if (is(static_cast<const BadInput*>(nullptr))) return kBadInput;
    if (is(static_cast<const ConfigError*>(nullptr))) return kConfig;
    if (is(static_cast<const SignInRequired*>(nullptr))) return kSignIn;
    if (is(static_cast<const NeedsPerson*>(nullptr))) return kItemsFailed;
    if (is(static_cast<const Unavailable*>(nullptr))) return kUnavailable;
    if (is(static_cast<const TransientError*>(nullptr))) return kTryLater;
    return kBug;
}

}  // namespace mediaferry::daemon
