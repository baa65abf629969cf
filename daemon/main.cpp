// SPDX-License-Identifier: GPL-3.0-or-later
// The front door: what was asked, the config, the log, the verb. The only place where a failure becomes an exit code.

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "daemon/commands/failpoints_command.h"
#include "daemon/dispatch.h"
#include "daemon/exit_code.h"
#include "daemon/options.h"

extern char** environ;

namespace {

std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> result;
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        if (const auto equals = text.find('='); equals != std::string::npos) result.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return result;
}

}  // namespace

int main(int count, char** words) {
    using namespace mediaferry;
    try {
#ifdef MEDIAFERRY_FAILPOINTS
        if (count == 2 && std::string_view{words[1]} == "failpoints") return daemon::failpoints_command();
#endif
        const auto options = daemon::parse_options({words + 1, words + count}, environment());
        const int code = files::in_our_words([&] { return daemon::dispatch(options); });
        std::cout.flush();
        return code;
    } catch (const std::exception& error) {
        const int code = daemon::exit_code_of(error);
        if (code == daemon::kBug) std::cerr << "this is a fault of mediaferry, please report it: ";
        std::cerr << (code == daemon::kConfig ? "" : "mediaferry: ") << full_message(error) << "\n";
        return code;
    }
}
