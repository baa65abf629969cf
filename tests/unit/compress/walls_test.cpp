// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/walls.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace mediaferry;

namespace {

/// How a process ends that does `work` behind the walls.
int end_of(const stages::Limits& limits, void (*work)()) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::signal(SIGABRT, SIG_DFL);  // the test program has a word of its own to say to it
        stages::close_walls(limits);
        work();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status;
}

}  // namespace

TEST_CASE("a program that uses up its processor time is ended by the kernel", "[compress]") {
    stages::Limits limits;
    limits.cpu = std::chrono::seconds{1};
    const int status = end_of(limits, [] {
        while (::getppid() != 0) {
        }
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGXCPU);
}

TEST_CASE("behind the walls abort still ends the program, and threads still work", "[compress]") {
    const int aborted = end_of({}, [] { std::abort(); });
    CHECK(WIFSIGNALED(aborted));
    CHECK(WTERMSIG(aborted) == SIGABRT);
    const int threaded = end_of({}, [] {
        pthread_t thread;
        if (::pthread_create(
                &thread, nullptr, [](void*) -> void* { return nullptr; }, nullptr) != 0)
            ::_exit(1);
        ::pthread_join(thread, nullptr);
    });
    CHECK(WIFEXITED(threaded));
    CHECK(WEXITSTATUS(threaded) == 0);
}
