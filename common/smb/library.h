#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// libsmbclient, loaded when a share is first spoken to: it brings a hundred libraries, which a house whose NAS is mounted never sees, and a
// broken one closes the share, not the house. Private to this folder.

#include <libsmbclient.h>

namespace mediaferry::smb {

// clang-format off
#define MEDIAFERRY_SMBCLIENT(each) \
    each(smbc_new_context) each(smbc_init_context) each(smbc_free_context) each(smbc_setDebug) each(smbc_setLogCallback) \
    each(smbc_setTimeout) each(smbc_setOptionProtocols) each(smbc_setOptionUseKerberos) each(smbc_setOptionFallbackAfterKerberos) \
    each(smbc_setOptionUseCCache) each(smbc_setOptionNoAutoAnonymousLogin) each(smbc_setOptionSmbEncryptionLevel) \
    each(smbc_setOptionUserData) each(smbc_getOptionUserData) each(smbc_setFunctionAuthDataWithContext) each(smbc_getFunctionOpen) \
    each(smbc_getFunctionRead) each(smbc_getFunctionWrite) each(smbc_getFunctionClose) each(smbc_getFunctionRename) \
    each(smbc_getFunctionUnlink) each(smbc_getFunctionStat) each(smbc_getFunctionUtimes) each(smbc_getFunctionStatVFS) \
    each(smbc_getFunctionMkdir) each(smbc_getFunctionRmdir) each(smbc_getFunctionOpendir) each(smbc_getFunctionReaddirPlus2) \
    each(smbc_getFunctionClosedir)
// clang-format on

struct Library {
#define MEDIAFERRY_EACH(function) decltype(&::function) function = nullptr;
    MEDIAFERRY_SMBCLIENT(MEDIAFERRY_EACH)
#undef MEDIAFERRY_EACH
};

/// Throws Unavailable ("nas.no_smb") with the loader's words.
const Library& library();

}  // namespace mediaferry::smb
