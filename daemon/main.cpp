// SPDX-License-Identifier: GPL-3.0-or-later
// The front door: what was asked, the config, the log, the verb. The only place where a failure becomes an exit code.

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <new>
#include <string_view>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "daemon/commands/failpoints_command.h"
#include "daemon/dispatch.h"
#include "daemon/exit_code.h"
#include "daemon/last_words.h"
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

/// One sentence, and nothing is asked for to say it.
int tell_want_of_memory() noexcept {
    mediaferry::daemon::say_that_memory_ran_out();
    for (const char* part : {"mediaferry: ", mediaferry::OutOfMemory::advice(), "\n"}) (void)!::write(STDERR_FILENO, part, std::strlen(part));
    return mediaferry::daemon::kUnavailable;
}

/// What the shell is told of a failure.
int tell(const std::exception& error) noexcept {
    using namespace mediaferry;
    const int code = daemon::exit_code_of(error);
    try {
        if (!out_of_memory(error)) {
            if (code == daemon::kBug) std::cerr << "this is a fault of mediaferry, please report it: ";
            std::cerr << (code == daemon::kConfig ? "" : "mediaferry: ") << full_message(error) << "\n";
            return code;
        }
    } catch (const std::bad_alloc&) {
    }
    return tell_want_of_memory();
}

/// Where no exception may pass (a destructor; boost's comparison of two paths, which asks for memory) one for want of memory ends the process. It has
/// crashed no more than one that the kernel ends: what it left is what any death may leave, and it says why.
[[noreturn]] void end_at_once() noexcept {
    try {
        if (const auto escaped = std::current_exception()) std::rethrow_exception(escaped);
    } catch (const std::exception& error) {
        if (mediaferry::out_of_memory(error)) ::_exit(tell_want_of_memory());
    } catch (...) {
    }
    std::abort();
}

}  // namespace

int main(int count, char** words) {
    using namespace mediaferry;
    std::set_terminate(end_at_once);
    try {
#ifdef MEDIAFERRY_FAILPOINTS
        if (count == 2 && std::string_view{words[1]} == "failpoints") return daemon::failpoints_command();
#endif
        const auto options = daemon::parse_options({words + 1, words + count}, environment());
        const int code = files::in_our_words([&] { return daemon::dispatch(options); });
        std::cout.flush();
        return code;
    } catch (const std::exception& error) {
        return tell(error);
    }
}
