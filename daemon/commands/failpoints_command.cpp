// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/failpoints_command.h"

#ifdef MEDIAFERRY_FAILPOINTS

#include <dlfcn.h>

#include <iostream>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "daemon/stage_module.h"

namespace mediaferry::daemon {

int failpoints_command() {
    for (const auto& entry : fs::directory_iterator(stages_directory())) {
        if (entry.path().extension() != ".so") continue;
        // Loading a stage makes its failpoints; it is not asked for its Stage.
        if (!::dlopen(entry.path().c_str(), RTLD_NOW | RTLD_LOCAL)) throw Unavailable{"module.broken", ::dlerror()};
    }
    for (const auto& place : failpoint::places()) {
        std::string step = place.what;
        for (char& c : step)
            if (c == '\n') c = ' ';
        std::cout << place.name << '\t' << place.side << ' ' << step << '\t' << place.file << ':' << place.line << '\n';
    }
    return 0;
}

}  // namespace mediaferry::daemon

#endif
