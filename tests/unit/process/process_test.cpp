// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/process/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "common/errors/errors.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;
using namespace std::chrono_literals;
using process::Command;
using process::Stream;

namespace {

Command shell(const std::string& script) { return {.argv = {"/bin/sh", "-c", script}, .grace = 1s}; }

/// Whether it still does anything: a zombie that nobody has reaped yet is gone.
bool alive(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat;
    if (!std::getline(file, stat)) return false;
    const char state = stat.at(stat.rfind(')') + 2);
    return state != 'Z' && state != 'X';
}

/// Reads one number that a process of the test writes to a pipe.
pid_t number_from(int fd) {
    std::string text;
    for (char c = 0; ::read(fd, &c, 1) == 1 && c != '\n';) text += c;
    return static_cast<pid_t>(std::stol(text));
}

/// Waits for the end of a process that is not our child.
bool ends(pid_t pid) {
    for (int tick = 0; tick < 1000; ++tick) {
        if (!alive(pid)) return true;
        ::usleep(10'000);
    }
    return false;
}

}  // namespace

TEST_CASE("a child has the descriptors it was given, and no other of ours", "[process]") {
    const TempDir dir;
    const int given = ::open(write(dir / "given", "for the child").c_str(), O_RDONLY | O_CLOEXEC);
    const int ours = ::open(write(dir / "ours", "for us").c_str(), O_RDONLY);
    Command command =
        shell("cat /proc/self/fd/" + std::to_string(given) + "; cat /proc/self/fd/" + std::to_string(ours) + " 2>/dev/null || echo none");
    command.inherited = {given};
    CHECK(process::capture(command).out == "for the childnone\n");
    ::close(given);
    ::close(ours);
}

TEST_CASE("exit codes and signals are told apart", "[process]") {
    CHECK(process::run(shell("exit 11")).code == 11);
    CHECK(process::run(shell("exit 11")).signal == 0);
    CHECK(process::run(shell("kill -SEGV $$")).signal == SIGSEGV);
    CHECK(process::run(shell("true")).ok());
    CHECK(to_text(process::run(shell("exit 3"))) == "exit 3");
    CHECK(to_text(process::run(shell("kill -SEGV $$"))) == "killed by SIGSEGV");
}

TEST_CASE("output comes in lines, both streams, the last without a newline too", "[process]") {
    std::vector<std::pair<Stream, std::string>> lines;
    process::run(shell("echo one; echo; printf 'two\\r\\n'; printf three; echo four >&2"), [&](Stream stream, std::string_view line) {
        lines.emplace_back(stream, line);
        return true;
    });
    std::vector<std::string> out;
    for (const auto& [stream, line] : lines) {
        if (stream == Stream::out) out.push_back(line);
    }
    CHECK(out == std::vector<std::string>{"one", "", "two", "three"});
    CHECK(std::count(lines.begin(), lines.end(), std::pair{Stream::err, std::string("four")}) == 1);
}

TEST_CASE("a line has at most 64 KiB, its rest is dropped", "[process]") {
    std::vector<std::size_t> lengths;
    process::run(shell("head -c 200000 /dev/zero | tr '\\0' x; echo; echo next"), [&](Stream, std::string_view line) {
        lengths.push_back(line.size());
        return true;
    });
    CHECK(lengths == std::vector<std::size_t>{65536, 4});
}

TEST_CASE("the environment is exactly the given one", "[process]") {
    ::setenv("MEDIAFERRY_TEST_SECRET", "ours", 1);
    Command command{.argv = {"/usr/bin/env"}, .environment = {{"A", "1"}, {"EMPTY", ""}}};
    CHECK(process::capture(command).out == "A=1\nEMPTY=\n");
    command.inherit_environment = true;
    CHECK_THAT(process::capture(command).out, Catch::Contains("MEDIAFERRY_TEST_SECRET=ours\n") && Catch::Contains("A=1\n"));
    ::unsetenv("MEDIAFERRY_TEST_SECRET");
    command = {.argv = {"/usr/bin/env"}};
    CHECK(process::capture(command).out.empty());
}

TEST_CASE("arguments, directory and input arrive as given", "[process]") {
    TempDir dir;
    Command command{.argv = {"/usr/bin/printf", "<%s>", "two words", "", "$HOME \"'", "*"}};
    CHECK(process::capture(command).out == "<two words><><$HOME \"'><*>\n");
    command = shell("pwd");
    command.directory = dir.path();
    CHECK(process::capture(command).out == fs::canonical(dir.path()).string() + "\n");
    command = shell("wc -c");
    command.inherit_environment = true;
    command.input = std::string(3'000'000, 'x');
    CHECK(process::capture(command).out == "3000000\n");
    command = shell("wc -c");
    command.inherit_environment = true;
    CHECK(process::capture(command).out == "0\n");  // no input: /dev/null, not our terminal
}

TEST_CASE("a program that does not want its input does not end us", "[process]") {
    Command command = shell("exec <&-; exit 4");
    command.input = std::string(3'000'000, 'x');
    CHECK(process::run(command).code == 4);
}

TEST_CASE("a name without a slash is looked up in PATH", "[process]") {
    TempDir dir;
    const auto program = write(dir / "bin/greet", "#!/bin/sh\necho hello\n");
    fs::permissions(program, fs::owner_all);
    CHECK(process::capture({.argv = {"greet"}, .environment = {{"PATH", (dir / "bin").string()}}}).out == "hello\n");
    CHECK(process::capture({.argv = {"echo", "hi"}}).out == "hi\n");
}

TEST_CASE("a program that cannot be started is unavailable, and leaves no zombie", "[process]") {
    TempDir dir;
    write(dir / "plain.txt", "not a program");
    for (const std::string& name : {std::string("/does/not/exist"), std::string("no-such-program-anywhere"), (dir / "plain.txt").string()}) {
        INFO(name);
        try {
            process::run({.argv = {name}});
            FAIL("started");
        } catch (const Unavailable& error) {
            CHECK(error.code() == "process.start");
        }
    }
    CHECK_THROWS_AS(process::run({.argv = {}}), Unavailable);
    CHECK_THROWS_AS(process::run({.argv = {"/bin/true"}, .directory = dir / "absent"}), Unavailable);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("a deadline ends a busy child, silence a quiet one", "[process]") {
    Command command = shell("while :; do echo tick; sleep 0.1; done");
    command.inherit_environment = true;
    command.deadline = 1s;
    const auto late = process::run(command);
    CHECK(late.deadline_hit);
    CHECK_FALSE(late.ok());
    CHECK(to_text(late) == "ended by us at its deadline of 1 s");

    command = shell("echo begun; exec sleep 600");
    command.inherit_environment = true;
    command.silence = 1s;
    const auto quiet = process::run(command);
    CHECK(quiet.deadline_hit);
    CHECK(quiet.signal == SIGTERM);
    CHECK(to_text(quiet) == "ended by us after 1 s of silence");
}

TEST_CASE("a child that ignores SIGTERM is killed after its grace", "[process]") {
    Command command = shell("trap '' TERM; while :; do sleep 0.1; done");
    command.inherit_environment = true;
    command.deadline = 1s;
    const auto exit = process::run(command);
    CHECK(exit.deadline_hit);
    CHECK(exit.signal == SIGKILL);
}

TEST_CASE("the sink and the stop question end a child", "[process]") {
    Command command = shell("echo first; echo second; exec sleep 600");
    command.inherit_environment = true;
    int lines = 0;
    const auto by_sink = process::run(command, [&](Stream, std::string_view) {
        ++lines;
        return false;
    });
    CHECK(by_sink.stopped);
    CHECK(lines == 1);

    int asked = 0;
    const auto by_question = process::run(command, {}, [&] { return ++asked == 3; });
    CHECK(by_question.stopped);
    CHECK_FALSE(by_question.deadline_hit);
    CHECK_FALSE(by_question.ok());
}

TEST_CASE("what a program leaves behind in its group is gone when run() returns", "[process]") {
    pid_t left = 0;
    Command command = shell("sleep 600 & echo $!; exit 0");
    command.inherit_environment = true;
    const auto exit = process::run(command, [&](Stream, std::string_view line) {
        left = static_cast<pid_t>(std::stol(std::string(line)));
        return true;
    });
    CHECK(exit.ok());
    REQUIRE(left > 0);
    CHECK_FALSE(alive(left));
}

TEST_CASE("the group goes when its leader is killed", "[process]") {
    pid_t left = 0;
    Command command = shell("sleep 600 & echo $!; kill -KILL $$");
    command.inherit_environment = true;
    const auto exit = process::run(command, [&](Stream, std::string_view line) {
        left = static_cast<pid_t>(std::stol(std::string(line)));
        return true;
    });
    CHECK(exit.signal == SIGKILL);
    CHECK_FALSE(alive(left));
}

TEST_CASE("children die with a parent that is killed", "[process]") {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        const process::Child child({.argv = {"/bin/sleep", "600"}});
        const std::string line = std::to_string(child.pid()) + "\n";
        if (::write(pipe[1], line.data(), line.size()) < 0) ::_exit(1);
        for (;;) ::pause();
    }
    const pid_t child = number_from(pipe[0]);
    CHECK(alive(child));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    CHECK(ends(child));
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_CASE("what a running program has started dies with us too", "[process]") {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const pid_t parent = ::fork();
    if (parent == 0) {
        Command command = shell("sleep 600 & echo $!; wait");
        command.inherit_environment = true;
        process::run(command, [&](Stream, std::string_view line) {
            const std::string number = std::string(line) + "\n";
            return ::write(pipe[1], number.data(), number.size()) > 0;
        });
        ::_exit(1);
    }
    const pid_t grandchild = number_from(pipe[0]);
    CHECK(alive(grandchild));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    CHECK(ends(grandchild));
    ::close(pipe[0]);
    ::close(pipe[1]);
}

TEST_CASE("a started child is watched, signalled and ended with its group", "[process]") {
    TempDir dir;
    process::Child child({.argv = {"/bin/sh", "-c", "trap 'exit 7' TERM; sleep 600 & echo $! > pid; mv pid ready; wait"},
                          .inherit_environment = true,
                          .directory = dir.path()});
    while (!fs::exists(dir / "ready")) ::usleep(1000);
    const auto left = static_cast<pid_t>(std::stol(read(dir / "ready")));
    CHECK_FALSE(child.poll());
    CHECK(::getpgid(left) == child.pid());

    child.signal(SIGTERM);  // to the leader only, which exits 7; the one left behind goes with it
    std::optional<process::Exit> exit;
    while (!(exit = child.poll())) ::usleep(1000);
    CHECK(exit->code == 7);
    CHECK_FALSE(alive(left));
    CHECK(child.poll()->code == 7);
    child.signal(SIGTERM);  // harmless once it is gone

    pid_t unwatched = 0;
    {
        process::Child other({.argv = {"/bin/sleep", "600"}});
        unwatched = other.pid();
    }
    CHECK_FALSE(alive(unwatched));
}

TEST_CASE("a child has our signals at their default and none of our files", "[process]") {
    const int secret = ::open("/dev/null", O_RDONLY);  // not close-on-exec, as in a careless library
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const auto out =
        process::capture({.argv = {"/bin/sh", "-c", "grep -E 'SigBlk|SigIgn' /proc/self/status; ls /proc/self/fd"}, .inherit_environment = true}).out;
    ::signal(SIGPIPE, SIG_DFL);
    ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
    CHECK_THAT(out, Catch::Contains("SigBlk:\t0000000000000000") && Catch::Contains("SigIgn:\t0000000000000000"));
    CHECK_THAT(out, Catch::EndsWith("\n0\n1\n2\n3\n"));  // 3 is the directory that ls reads
    ::close(secret);
}

TEST_CASE("a child that stands back gets only what nobody else wants", "[process]") {
    Command command = shell("set -- $(cat /proc/self/stat | sed 's/.*) //'); echo ${39}; ionice");
    command.inherit_environment = true;
    CHECK(process::capture(command).out.substr(0, 2) == "0\n");
    command.idle = true;
    CHECK(process::capture(command).out == "5\nidle\n");  // SCHED_IDLE
    // Another session's busy program goes first as well, on a kernel that shares by sessions.
    command.argv = {"/bin/sh", "-c", "ps -o sid= -p $$; echo $$; cat /proc/self/autogroup 2>/dev/null"};
    std::istringstream said{process::capture(command).out};
    std::string session, pid, group, word, nice;
    said >> session >> pid >> group >> word >> nice;
    CHECK(session == pid);
    if (!group.empty()) CHECK(nice == "19");
}

TEST_CASE("what a child used up is told", "[process]") {
    const auto output = process::capture(shell("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"));
    CHECK(output.exit.cpu_seconds > 0.005);
    CHECK(output.exit.peak_memory > 100'000);
}
