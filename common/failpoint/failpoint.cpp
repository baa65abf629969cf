// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/failpoint/failpoint.h"

#ifdef MEDIAFERRY_FAILPOINTS

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "common/errors/errors.h"

namespace mediaferry::failpoint {
namespace {

/// What the environment says. Made on first use: the points of other files may be made earlier than anything here.
struct Order {
    std::string name, action;
    long at = 1;
    int log = -1;

    Order() {
        if (const char* file = std::getenv("MEDIAFERRY_FAILPOINT_LOG")) log = ::open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        const char* told = std::getenv("MEDIAFERRY_FAILPOINT");
        if (told == nullptr) return;
        const std::string text = told;
        const auto equals = text.find('='), colon = text.find(':');
        name = text.substr(0, std::min(equals, colon));
        action = equals == std::string::npos ? "" : text.substr(equals + 1);
        if (colon != std::string::npos) at = std::strtol(text.c_str() + colon + 1, nullptr, 10);
        if (action != "kill" && action != "throw") throw UsageError{"failpoint", "MEDIAFERRY_FAILPOINT: write name[:k]=kill or name[:k]=throw"};
    }
};

const Order& order() {
    static const Order one;
    return one;
}

struct Registry {
    std::mutex mutex;
    std::vector<Place> places;
};

Registry& registry() {
    static Registry one;
    return one;
}

}  // namespace

const bool watched = std::getenv("MEDIAFERRY_FAILPOINT") != nullptr || std::getenv("MEDIAFERRY_FAILPOINT_LOG") != nullptr;

Point::Point(Place place) : place_(place) {
    const std::lock_guard held{registry().mutex};
    registry().places.push_back(place);
}

void Point::look() {
    const int kept = errno;  // the caller asks for it after a call that failed
    const Order& given = order();
    if (given.log >= 0) {
        const std::string line = std::string{place_.name} + "\n";
        [[maybe_unused]] const auto written = ::write(given.log, line.data(), line.size());
    }
    if (given.name == place_.name && ++passed_ == given.at) {
        if (given.action == "kill") {
            ::kill(::getpid(), SIGKILL);
            for (;;) ::pause();
        }
        throw TransientError{"failpoint", std::string{"failed on purpose at "} + place_.name};
    }
    errno = kept;
}

std::vector<Place> places() {
    const std::lock_guard held{registry().mutex};
    std::vector<Place> all = registry().places;
    std::sort(all.begin(), all.end(), [](const Place& a, const Place& b) { return std::strcmp(a.name, b.name) < 0; });
    return all;
}

}  // namespace mediaferry::failpoint

#endif
