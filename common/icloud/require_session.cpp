// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/require_session.h"

namespace mediaferry::icloud {

void require_session(Client& client, SignInState& state) {
    switch (client.sign_in()) {
        case SignIn::signed_in: return;
        case SignIn::two_factor: {
            const auto reason = state.two_factor_needed();
            throw SignInRequired{reason.code, reason.text};
        }
        case SignIn::login_needed: break;
    }
    state.check_login_allowed();
    throw Unavailable{"icloud.session", "the iCloud session has ended; the next icloud_download signs in again"};
}

}  // namespace mediaferry::icloud
