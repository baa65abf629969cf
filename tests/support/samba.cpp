// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/samba.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "tests/support/port.h"

namespace mediaferry::test {
namespace {

bool answers(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool yes = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return yes;
}

}  // namespace

Samba::Samba(const std::string& options) : port_(reserved_port()) {
    const auto* me = ::getpwuid(::geteuid());
    if (me == nullptr) throw std::runtime_error("this user has no name, and Samba knows users by name");
    user_ = me->pw_name;
    fs::create_directories(disk());
    fs::create_directories(dir_ / "state");
    const auto state = (dir_ / "state").string();
    std::string conf = "[global]\nserver role = standalone server\nworkgroup = MEDIAFERRY\nbind interfaces only = yes\ninterfaces = 127.0.0.1\n";
    conf += "smb ports = " + std::to_string(port_) + "\nnetbios name = MFTEST\ndisable netbios = yes\ndisable spoolss = yes\nload printers = no\n";
    conf += "printcap name = /dev/null\nlog level = 0\nlog file = " + state + "/log\npassdb backend = tdbsam:" + state + "/passdb.tdb\n";
    for (const char* folder : {"private dir", "state directory", "cache directory", "lock directory", "pid directory", "ncalrpc dir"})
        conf += std::string(folder) + " = " + state + "\n";
    conf += "[photos]\npath = " + disk().string() + "\nread only = no\n" + options;
    write(dir_ / "smb.conf", conf);
    const auto add = "pdbedit -s '" + (dir_ / "smb.conf").string() + "' -a -t -u '" + user_ + "' >/dev/null 2>&1";
    std::FILE* pipe = ::popen(add.c_str(), "w");
    std::fprintf(pipe, "%s\n%s\n", password().c_str(), password().c_str());
    if (::pclose(pipe) != 0) throw std::runtime_error("pdbedit cannot make a Samba user; is the package samba installed (scripts/install-deps)?");
    start();
}

Samba::~Samba() { kill(); }

void Samba::start() {
    const auto conf = (dir_ / "smb.conf").string();
    server_ = ::fork();
    if (server_ == 0) {
        ::setpgid(0, 0);
        const int nothing = ::open("/dev/null", O_RDWR);
        for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
        ::execlp("smbd", "smbd", "--foreground", "--no-process-group", "-s", conf.c_str(), nullptr);
        ::execl("/usr/sbin/smbd", "smbd", "--foreground", "--no-process-group", "-s", conf.c_str(), nullptr);
        ::_exit(127);
    }
    ::setpgid(server_, server_);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!answers(port_)) {
        int status = 0;
        if (::waitpid(server_, &status, WNOHANG) == server_) {
            server_ = -1;
            throw std::runtime_error("smbd ended as it was started; is the package samba installed (scripts/install-deps)?");
        }
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("smbd does not answer");
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

void Samba::kill() {
    if (server_ <= 0) return;
    ::kill(-server_, SIGKILL);
    ::waitpid(server_, nullptr, 0);
    server_ = -1;
}

std::string Samba::url(const std::string& path) const {
    return "smb://127.0.0.1:" + std::to_string(port_) + "/photos" + (path.empty() ? "" : "/" + path);
}

}  // namespace mediaferry::test
