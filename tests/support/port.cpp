// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <stdexcept>
#include <string>

namespace mediaferry::test {
namespace {

// Below what the kernel gives to whoever asks for any port (32768 up).
constexpr std::uint16_t kFirst = 20000, kCount = 12000;

/// A name without a file that this process holds until it ends, in the same network namespace as the port.
bool reserve(std::uint16_t port) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const auto text = "mediaferry-test-port-" + std::to_string(port);
    std::memcpy(name.sun_path + 1, text.data(), text.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), size) == 0) return true;
    ::close(fd);
    return false;
}

bool nobody_listens(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);  // an ended connection of an earlier server is no reason
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 1) == 0;
    ::close(fd);
    return bound;
}

}  // namespace

std::uint16_t reserved_port() {
    std::random_device random;
    const unsigned start = random();
    for (unsigned step = 0; step < kCount; ++step) {
        const auto port = static_cast<std::uint16_t>(kFirst + (start + step) % kCount);
        if (reserve(port) && nobody_listens(port)) return port;
    }
    throw std::runtime_error("every port from " + std::to_string(kFirst) + " to " + std::to_string(kFirst + kCount - 1) + " is taken");
}

}  // namespace mediaferry::test
