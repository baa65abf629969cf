// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/icloud/icloudpd.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::icloud;
using test::read;
using test::TempDir;

namespace {

config::ICloud settings_with(const TempDir& dir, std::vector<std::string> command = {"icloudpd"}) {
    config::ICloud settings;
    settings.username = "J.Doe@Example.com";
    settings.password = {true, "correct horse battery", "test"};
    settings.command = std::move(command);
    settings.cookie_directory = dir / "cookies";
    return settings;
}

/// A stand-in for icloudpd: a shell script.
config::ICloud scripted(const TempDir& dir, const std::string& script) {
    test::write(dir / "icloudpd.sh", script);
    return settings_with(dir, {"/bin/sh", (dir / "icloudpd.sh").string()});
}

IcloudpdRun run(const TempDir& dir, const config::ICloud& settings) {
    const auto lock = SessionLock::take(settings.cookie_directory);
    fs::create_directories(dir / "incoming");
    return run_icloudpd(lock, settings, dir / "incoming", dir / "run");
}

std::string log(const std::string& level, const std::string& message) { return "2025-11-20 12:00:00 " + level + " " + message; }

}  // namespace

TEST_CASE("what icloudpd's lines hint at", "[icloud]") {
    const auto [line, hint, subject] = GENERATE(table<std::string, Hint, std::string>({
        {log("INFO    ", "Processing user: jdoe@example.com"), Hint::started, ""},
        {log("INFO    ", "Downloading 9 original,adjusted,alternative photos and videos to /srv/incoming ..."), Hint::listing, ""},
        {log("INFO    ", "Downloading the first original photo or video to /srv/incoming ..."), Hint::listing, ""},
        {log("DEBUG   ", "Downloading /srv/incoming/2024/05/IMG_1.JPG..."), Hint::other, ""},
        {log("INFO    ", "Downloaded /srv/incoming/2024/05/IMG_1_QVVlbzc.JPG"), Hint::downloaded, "/srv/incoming/2024/05/IMG_1_QVVlbzc.JPG"},
        {log("INFO    ", "Downloaded /srv/Traceback (most recent call last) ACCESS_DENIED.JPG"), Hint::downloaded,
         "/srv/Traceback (most recent call last) ACCESS_DENIED.JPG"},
        {log("DEBUG   ", "/srv/a.JPG already exists"), Hint::exists, "/srv/a.JPG"},
        {log("ERROR   ", "Could not download IMG_2.JPG. Please try again later."), Hint::file_failed, "IMG_2.JPG"},
        {log("ERROR   ", "Could not find URL to download IMG_3.MOV for size original"), Hint::file_failed, "IMG_3.MOV"},
        {log("ERROR   ", "IOError while writing file to /srv/a.JPG. You might have run out of disk space"), Hint::io_error, "/srv/a.JPG"},
        {log("INFO    ", "Two-factor authentication is required (2fa)"), Hint::two_factor_needed, ""},
        {"Please enter two-factor authentication code: ", Hint::two_factor_needed, ""},
        {log("INFO    ", "Great, you're all set up. The script can now be run without"), Hint::two_factor_ok, ""},
        {log("INFO    ", "Failed to verify two-factor authentication code"), Hint::two_factor_wrong, ""},
        {log("ERROR   ", "Authentication required for Account. (421)"), Hint::session_stale, ""},
        {log("INFO    ", "Authentication completed successfully"), Hint::authenticated, ""},
        {log("INFO    ", R"(('Invalid email/password combination.', PyiCloudAPIResponseException('{"service_errors":[{"code": "-20101"}]} (401)')))"),
         Hint::wrong_password, ""},
        {log("INFO    ", R"(('Invalid email/password combination.', PyiCloudAPIResponseException('{"service_errors":[{"code": "-20209"}]} (403)')))"),
         Hint::locked, ""},
        {log("INFO    ", R"(('Invalid email/password combination.', PyiCloudAPIResponseException('Service Unavailable (503)')))"), Hint::throttled,
         ""},
        {log("INFO    ", "Apple iCloud is temporary refusing to serve icloudpd"), Hint::throttled, ""},
        {log("INFO    ", "Cannot connect to Apple iCloud service"), Hint::unreachable, ""},
        {log("ERROR   ", "private db access disabled for this account (ACCESS_DENIED)"), Hint::access_denied, ""},
        {log("ERROR   ", "Apple iCloud setup is not complete. (ZONE_NOT_FOUND)"), Hint::not_set_up, ""},
        {log("INFO    ", "Apple iCloud Photo Library has not finished indexing yet"), Hint::indexing, ""},
        {log("INFO    ", "All photos and videos have been downloaded"), Hint::finished, ""},
        {"Traceback (most recent call last):", Hint::traceback, ""},
        {"KeyError: 'dsInfo'", Hint::no_password, ""},
        {"something nobody has seen", Hint::other, ""},
        {"", Hint::other, ""},
    }));
    CAPTURE(line);
    CHECK(read_line(line).hint == hint);
    CHECK(read_line(line).subject == subject);
}

TEST_CASE("the command line has no password and none of icloudpd's own deletions", "[icloud]") {
    TempDir dir;
    const auto argv = command_line(settings_with(dir), "/srv/incoming", GENERATE(Purpose::download, Purpose::auth_only));
    for (const auto& word : argv) {
        CHECK(word.find("correct horse") == std::string::npos);
        for (const auto* never : {"--password", "-p", "--auto-delete", "--delete-after-download", "--keep-icloud-recent-days", "--set-exif-datetime",
                                  "--watch-with-interval"})
            CHECK(word != never);
    }
}

TEST_CASE("icloudpd lives in an environment made from scratch", "[icloud]") {
    TempDir dir;
    auto settings = settings_with(dir);
    settings.environment = {{"HTTPS_PROXY", "http://127.0.0.1:1"}};
    ::setenv("MEDIAFERRY_TEST_SECRET", "x", 1);
    const auto environment = icloud::environment(settings, "/run/x");
    CHECK(environment.count("MEDIAFERRY_TEST_SECRET") == 0);
    CHECK(environment.at("HOME") == "/run/x/home");
    CHECK(environment.at("TMPDIR") == "/run/x/tmp");
    CHECK(environment.at("TZ") == "UTC");
    CHECK(environment.at("HTTPS_PROXY") == "http://127.0.0.1:1");
    for (const auto& [name, value] : environment) CHECK(value.find("correct horse") == std::string::npos);
}

TEST_CASE("the password lies in a private keyring file while icloudpd runs, and nowhere afterwards", "[icloud]") {
    TempDir dir;
    const auto settings = scripted(dir,
                                   "f=$HOME/.local/share/python_keyring/keyring_pass.cfg\n"
                                   "stat -c 'mode %a' $f\ncat $f\npwd\n");
    std::string said;
    {
        const auto lock = SessionLock::take(settings.cookie_directory);
        process::Command command;
        const RunDirectory scratch{dir / "run", settings};
        command.argv = {"/bin/sh", (dir / "icloudpd.sh").string()};
        command.environment = environment(settings, scratch.path());
        command.directory = scratch.work();
        said = process::capture(command).out;
    }
    CHECK(said.find("mode 600") != std::string::npos);
    CHECK(said.find("[pyicloud_3A_2F_2Ficloud_2Dpassword]\nj_2Edoe_40example_2Ecom = Y29ycmVjdCBob3JzZSBiYXR0ZXJ5\n") != std::string::npos);
    CHECK(said.find("/run/work") != std::string::npos);
    CHECK_FALSE(fs::exists(dir / "run"));
}

TEST_CASE("what icloudpd wrote of the session is private afterwards", "[icloud]") {
    TempDir dir;
    run(dir, scripted(dir, "umask 022; echo '{}' > " + (dir / "cookies").string() + "/jdoeexamplecom.session\n"));
    struct stat status {};
    REQUIRE(::stat((dir / "cookies/jdoeexamplecom.session").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a run that reached its end marker has no problem, whatever it says of files", "[icloud]") {
    TempDir dir;
    const auto result = run(dir, scripted(dir,
                                          "echo '2025-11-20 12:00:00 INFO     Downloading 2 original photos and videos to x ...'\n"
                                          "echo '2025-11-20 12:00:00 INFO     Downloaded x/a.JPG'\n"
                                          "echo '2025-11-20 12:00:00 ERROR    Could not download b.JPG. Please try again later.'\n"
                                          "echo '2025-11-20 12:00:00 INFO     All photos and videos have been downloaded'\n"));
    CHECK(result.finished);
    CHECK(result.downloaded() == 1);
    CHECK(result.failed == std::vector<std::string>{"b.JPG"});
    CHECK_FALSE(result.problem());
}

TEST_CASE("an exit code of 0 without the end marker is an aborted run", "[icloud]") {
    TempDir dir;
    CHECK(run(dir, scripted(dir, "echo '2025-11-20 12:00:00 INFO     Processing user: x'\n")).problem()->code == "icloudpd.aborted");
    CHECK(run(dir, scripted(dir, "echo '2025-11-20 12:00:00 INFO     Apple iCloud is temporary refusing to serve icloudpd'\n")).problem()->code ==
          "icloudpd.throttled");
    CHECK(run(dir, scripted(dir, "echo 'Traceback (most recent call last):' >&2; exit 1\n")).problem()->code == "icloudpd.died");
}

TEST_CASE("an icloudpd that begins again and again is ended", "[icloud]") {
    TempDir dir;
    const auto result =
        run(dir, scripted(dir, "while :; do echo '2025-11-20 12:00:00 INFO     Downloading 9 original photos and videos to x ...'; done\n"));
    CHECK(result.hot_loop);
    CHECK(result.problem()->code == "icloudpd.hot_loop");
}

TEST_CASE("an icloudpd that gets somewhere between its listings is left alone", "[icloud]") {
    OutputReader reader;
    for (int i = 0; i < 10; ++i) {
        CHECK(reader.take("2025-11-20 12:00:00 INFO     Downloading 9 original photos and videos to x ..."));
        CHECK(reader.take("2025-11-20 12:00:00 INFO     Downloaded x/a.JPG"));
    }
}

TEST_CASE("a silent icloudpd is ended", "[icloud]") {
    TempDir dir;
    auto settings = scripted(dir, "exec sleep 600\n");
    settings.silence = std::chrono::seconds{1};
    const auto result = run(dir, settings);
    CHECK(result.silent);
    CHECK(result.problem()->code == "icloudpd.silent");
}

TEST_CASE("stopping ends icloudpd and says so", "[icloud]") {
    TempDir dir;
    const auto settings = scripted(dir, "echo begun; exec sleep 600\n");
    const auto lock = SessionLock::take(settings.cookie_directory);
    bool begun = false;
    CHECK_THROWS_AS(run_icloudpd(
                        lock, settings, dir.path(), dir / "run", [&] { return begun; }, [&](const Line&) { begun = true; }),
                    Interrupted);
    CHECK_FALSE(fs::exists(dir / "run"));
}

TEST_CASE("no icloudpd is a service that is away", "[icloud]") {
    TempDir dir;
    CHECK_THROWS_AS(run(dir, settings_with(dir, {"/nowhere/icloudpd"})), Unavailable);
}

TEST_CASE("sign-in problems are told apart, the worst first", "[icloud]") {
    using Problem = IcloudpdRun::SignInProblem;
    const auto problem = [](std::initializer_list<const char*> lines) {
        OutputReader reader;
        for (const auto* line : lines) reader.take(line);
        return reader.result.sign_in_problem();
    };
    CHECK(problem({"Authentication required for Account. (421)", "All photos and videos have been downloaded"}) == Problem::none);
    CHECK(problem({"('Invalid email/password combination.', x (401))"}) == Problem::wrong_password);
    CHECK(problem({"('Invalid email/password combination.', -20209 (403))"}) == Problem::locked);
    CHECK(problem({"Two-factor authentication is required (2fa)", "Traceback (most recent call last):"}) == Problem::two_factor);
    CHECK(problem({"Two-factor authentication is required (2fa)", "Great, you're all set up."}) == Problem::none);
    CHECK(problem({"Traceback (most recent call last):", "KeyError: 'dsInfo'"}) == Problem::no_password);
}

TEST_CASE("stale parts are removed, photos and strangers' files are not", "[icloud]") {
    TempDir dir;
    const auto incoming = dir / "incoming";
    test::write(incoming / "2024/05/AFEWQ2LBMZXW6YTBOI======.part", "half");
    test::write(incoming / "2024/05/IMG_1.JPG", "photo");
    test::write(incoming / "2024/05/notes.part", "mine");
    CHECK(remove_stale_parts(incoming) == 1);
    CHECK(fs::exists(incoming / "2024/05/IMG_1.JPG"));
    CHECK(fs::exists(incoming / "2024/05/notes.part"));
    CHECK(remove_stale_parts(dir / "nowhere") == 0);
}
