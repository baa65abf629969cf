#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// For stages that only talk to iCloud with a session that icloud_download keeps alive.

#include "common/icloud/client.h"
#include "common/icloud/sign_in_state.h"

namespace mediaferry::icloud {

/// Signs in on the session at hand. Throws SignInRequired when a person must act, Unavailable ("icloud.session") when the next icloud_download
/// will sign in again by itself.
void require_session(Client&, SignInState&);

}  // namespace mediaferry::icloud
