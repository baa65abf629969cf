// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/socket.h>
#include <sys/un.h>
#include <catch2/catch.hpp>
#include <csignal>

#include "common/files/files.h"
#include "tests/contract/daemon/ferry.h"

using namespace mediaferry;
using namespace mediaferry::test;
using Catch::Matchers::Contains;
using pipeline::StepStatus;

namespace {

/// What systemd would hear.
class NotifySocket {
public:
    explicit NotifySocket(const fs::path& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.string().copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    bool heard(const std::string& word) {
        char text[4096];
        for (ssize_t n = 0; (n = ::recv(fd_.get(), text, sizeof text, 0)) > 0;) all_ += std::string(text, static_cast<std::size_t>(n)) + "\n";
        return all_.find(word) != std::string::npos;
    }

private:
    files::Descriptor fd_;
    std::string all_;
};

struct RunningDaemon : Ferry {
    RunningDaemon() {
        environment["NOTIFY_SOCKET"] = (dir / "notify").string();
        environment["MEDIAFERRY_STOP_SECONDS"] = "60";
    }
};

}  // namespace

TEST_CASE("the daemon works on what is ready and tells systemd how it is", "[daemon]") {
    RunningDaemon house;
    house.environment["WATCHDOG_USEC"] = "1000000";
    NotifySocket systemd{house.dir / "notify"};
    const auto ids = house.photos({"a.jpg", "b.jpg"});
    process::Child daemon{house.command({"daemon"})};
    Ferry::until([&] { return systemd.heard("READY=1"); });
    Ferry::until([&] { return systemd.heard("WATCHDOG=1"); });
    Ferry::until([&] { return house.status(ids[0], "compress") == StepStatus::done || house.status(ids[0], "processing") == StepStatus::done; });

    SECTION("a second one is turned away") { CHECK(house.ferry({"daemon"}).exit.code == 75); }
    SECTION("status knows of it") { CHECK_THAT(house.ferry({"status"}).out, Contains("Daemon: running (pid " + std::to_string(daemon.pid()))); }
    SECTION("a wrong new config is not taken") {
        const auto good = read(house.settings.file);
        write(house.settings.file, good + "nonsense: 1\n");
        daemon.signal(SIGHUP);
        Ferry::until([&] { return systemd.heard("the new config is wrong"); });
        write(house.settings.file, good);
        daemon.signal(SIGHUP);
        Ferry::until([&] { return systemd.heard("config reloaded"); });
    }
    daemon.signal(SIGTERM);
    CHECK(Ferry::end_of(daemon).code == 0);
    CHECK(systemd.heard("STOPPING=1"));
}

TEST_CASE("a daemon that is stopped lets its stage finish the file", "[daemon]") {
    RunningDaemon house;
    NotifySocket systemd{house.dir / "notify"};
    const auto ids = house.photos({"slow.jpg", "b.jpg"});
    process::Child daemon{house.command({"daemon"})};
    house.until_at_work_on("slow.jpg");
    daemon.signal(SIGTERM);
    Ferry::until([&] { return systemd.heard("STOPPING=1"); });
    house.let_go();
    CHECK(Ferry::end_of(daemon).code == 0);
    CHECK(house.status(ids[0], "processing") == StepStatus::done);
    CHECK(house.status(ids[1], "processing") == StepStatus::pending);
}

TEST_CASE("a stage that does not end in time is killed without blame for its file", "[daemon]") {
    RunningDaemon house;
    house.environment["MEDIAFERRY_STOP_SECONDS"] = "1";
    NotifySocket systemd{house.dir / "notify"};
    const auto id = house.photos({"hang.jpg"}).front();
    process::Child daemon{house.command({"daemon"})};
    house.until_at_work_on("hang.jpg");
    daemon.signal(SIGTERM);
    CHECK(Ferry::end_of(daemon).code == 0);
    CHECK(house.status(id, "processing") == StepStatus::pending);
    CHECK(house.step(id, "processing").deaths == 0);
}

TEST_CASE("a crashing stage takes the daemon nowhere", "[daemon]") {
    RunningDaemon house;
    NotifySocket systemd{house.dir / "notify"};
    const auto id = house.photos({"crash.jpg"}).front();
    process::Child daemon{house.command({"daemon"})};
    Ferry::until([&] { return house.step(id, "processing").deaths == 1; });
    CHECK(media_db::Runs{house.db()}.latest("processing")->end_signal == SIGABRT);
    CHECK_FALSE(daemon.poll().has_value());
    daemon.signal(SIGTERM);
    CHECK(Ferry::end_of(daemon).code == 0);
}

TEST_CASE("the census gate is told to a person although its run went through; what waits for itself is not", "[daemon]") {
    RunningDaemon house;
    house.configure("notify: {command: [sh, -c, \"cat >> " + (house.dir / "told").string() + "\"]}\n");
    NotifySocket systemd{house.dir / "notify"};
    house.photos({"a.jpg"});
    const bool census = GENERATE(true, false);
    write(house.folder("gate"), census ? "icloud.census_unexplained" : "somebody.else");
    process::Child daemon{house.command({"daemon"})};
    Ferry::until([&] { return media_db::Runs{house.db()}.latest_finished("processing").has_value(); });
    if (census) {
        Ferry::until([&] { return fs::exists(house.dir / "told") && !read(house.dir / "told").empty(); });
        CHECK_THAT(read(house.dir / "told"), Contains("one photo is missing there"));
    }
    daemon.signal(SIGTERM);
    CHECK(Ferry::end_of(daemon).code == 0);
    CHECK(fs::exists(house.dir / "told") == census);
}
