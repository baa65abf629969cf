// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/smb/library.h"

#include <dlfcn.h>

#include <string>

#include "common/errors/errors.h"

namespace mediaferry::smb {
namespace {

Library load() {
    const auto missing = [](const char* what) {
        const char* why = ::dlerror();
        return Unavailable{"nas.no_smb", std::string("archive.root is a share, and ") + what + " is not here (" + (why != nullptr ? why : "") +
                                             "). Install the package libsmbclient (newer: libsmbclient0)"};
    };
    void* handle = ::dlopen("libsmbclient.so.0", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw missing("libsmbclient.so.0");
    Library library;
#define MEDIAFERRY_EACH(function)                                                                \
    library.function = reinterpret_cast<decltype(library.function)>(::dlsym(handle, #function)); \
    if (library.function == nullptr) throw missing(#function);
    MEDIAFERRY_SMBCLIENT(MEDIAFERRY_EACH)
#undef MEDIAFERRY_EACH
    return library;
}

}  // namespace

const Library& library() {
    static const Library loaded = load();
    return loaded;
}

}  // namespace mediaferry::smb
