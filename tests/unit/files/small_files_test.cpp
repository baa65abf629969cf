// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <set>
#include <thread>
#include <vector>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;

TEST_CASE("a placeholder has the size and the time and no data", "[files]") {
    TempDir dir;
    const auto path = write(dir / "IMG_0001.JPG", noise(5'000'000, 1));
    CHECK_FALSE(files::looks_like_placeholder(path));

    files::make_placeholder(path, {5'000'000}, Timestamp{std::chrono::seconds{1'600'000'000}});

    struct stat about {};
    REQUIRE(::stat(path.c_str(), &about) == 0);
    CHECK(about.st_size == 5'000'000);
    CHECK(about.st_mtime == 1'600'000'000);
    CHECK(files::looks_like_placeholder(path));
    CHECK(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("files with data are never taken for placeholders", "[files]") {
    TempDir dir;
    CHECK_FALSE(files::looks_like_placeholder(write(dir / "empty.jpg", "")));
    CHECK_FALSE(files::looks_like_placeholder(write(dir / "tiny.jpg", "x")));
    CHECK_FALSE(files::looks_like_placeholder(write(dir / "inline.jpg", std::string(60, '\xff'))));
    CHECK_FALSE(files::looks_like_placeholder(dir / "absent.jpg"));
    CHECK_FALSE(files::looks_like_placeholder(dir.path()));
    // A sparse file whose only data is at its end.
    const auto sparse = write(dir / "sparse.mov", "");
    REQUIRE(::truncate(sparse.c_str(), 10'000'000) == 0);
    CHECK(files::looks_like_placeholder(sparse));
    FILE* file = ::fopen(sparse.c_str(), "r+");
    ::fseek(file, -3, SEEK_END);
    ::fputs("end", file);
    ::fclose(file);
    CHECK_FALSE(files::looks_like_placeholder(sparse));
}

TEST_CASE("a lock is held once and goes with its holder", "[files]") {
    TempDir dir;
    const fs::path path = dir / "locks/nas_archive.0";
    {
        const auto first = files::Lock::try_take(path);
        CHECK(first);
        CHECK_FALSE(files::Lock::try_take(path));
    }
    // A killed process lets go.
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t holder = ::fork();
    if (holder == 0) {
        const auto lock = files::Lock::try_take(path);
        if (::write(ready[1], lock ? "y" : "n", 1) != 1) ::_exit(1);
        for (;;) ::pause();
    }
    char answer = 0;
    REQUIRE(::read(ready[0], &answer, 1) == 1);
    CHECK(answer == 'y');
    CHECK_FALSE(files::Lock::try_take(path));
    ::kill(holder, SIGKILL);
    ::waitpid(holder, nullptr, 0);
    CHECK(files::Lock::try_take(path));
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("a lock is on the file that has the name, not on one that lost it meanwhile", "[files]") {
    TempDir dir;
    const fs::path path = dir / "media.db.part";
    std::atomic<int> together{0}, times{0};
    std::atomic<bool> two{false};
    std::vector<std::thread> threads;
    for (int number = 0; number < 4; ++number) {
        threads.emplace_back([&] {
            while (times < 2000) {
                const auto lock = files::Lock::try_take(path);
                if (!lock) continue;
                if (++together > 1) two = true;
                ::usleep(20);  // long enough to be met
                --together;
                fs::remove(path);  // its holder is done with it, and lets go only then
                ++times;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK_FALSE(two);
}

TEST_CASE("small files are replaced whole and private", "[files]") {
    TempDir dir;
    files::replace_small_file(dir / "state.json", "one");
    files::replace_small_file(dir / "state.json", "two");
    CHECK(files::read_small_file(dir / "state.json") == "two");
    struct stat about {};
    REQUIRE(::stat((dir / "state.json").c_str(), &about) == 0);
    CHECK((about.st_mode & 0777) == 0600);
    CHECK_THROWS_AS(files::read_small_file(dir / "state.json", 2), TransientError);
    CHECK(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("free names count up", "[files]") {
    const std::set<fs::path> used{"2025/IMG_1.JPG", "2025/IMG_1-2.JPG", "noext"};
    const auto taken = [&](const fs::path& name) { return used.count(name) != 0; };
    CHECK(files::free_name("2025/IMG_1.JPG", taken) == "2025/IMG_1-3.JPG");
    CHECK(files::free_name("2025/IMG_2.JPG", taken) == "2025/IMG_2.JPG");
    CHECK(files::free_name("noext", taken) == "noext-2");
}

TEST_CASE("names become safe for every file system", "[files]") {
    const auto [given, safe] = GENERATE(table<std::string, std::string>({{"IMG_0001.JPG", "IMG_0001.JPG"},
                                                                         {"../../etc/passwd", "_._.._etc_passwd"},
                                                                         {"", "_"},
                                                                         {".", "_"},
                                                                         {"..", "_"},
                                                                         {". ", "_"},
                                                                         {".hidden", "_hidden"},
                                                                         {"a:b*c?d\"e<f>g|h\\i", "a_b_c_d_e_f_g_h_i"},
                                                                         {"line\nbreak\x7f.jpg", "line_break_.jpg"},
                                                                         {"Käse 📷.heic", "Käse 📷.heic"},
                                                                         {"bad\xff\xc0\xaf.jpg", "bad___.jpg"},
                                                                         {"\xed\xa0\x80.jpg", "___.jpg"},
                                                                         {"csi\xc2\x9b.jpg", "csi_.jpg"},
                                                                         {"trailing. . ", "trailing"},
                                                                         {"aux.jpg", "_aux.jpg"},
                                                                         {"COM1", "_COM1"},
                                                                         {"COMET.jpg", "COMET.jpg"}}));
    INFO(given);
    CHECK(files::safe_name(given) == safe);
}

TEST_CASE("safe names are short, keep their extension and stay as they are", "[files]") {
    for (std::size_t length = 190; length < 210; ++length) {
        std::string given = std::string(length % 3, 'x');
        while (given.size() < length) given += "ä";
        const std::string safe = files::safe_name(given + ".jpeg");
        CHECK(safe.size() <= 200);
        CHECK(safe.substr(safe.size() - 5) == ".jpeg");
        CHECK(files::safe_name(safe) == safe);
    }
}

TEST_CASE("file systems are known by name", "[files]") {
    CHECK(files::file_system_type("/proc") == "0x9fa0");
    CHECK_FALSE(files::is_network_file_system("/proc"));
    TempDir dir;
    CHECK(files::free_space(dir.path()).free.count > 0);
    CHECK(files::free_space(dir.path()).free_files > 0);
}
