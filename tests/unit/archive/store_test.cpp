// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "common/archive/archive.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "tests/unit/archive/nas.h"

using namespace mediaferry;
using namespace mediaferry::archive;
using test::noise;
using test::read;
using test::TempDir;

TEST_CASE("A stored file lies under its name with the capture date as its time", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(3'000'000, 1));
    std::uint64_t moved = 0;
    const auto stored = archive.store(photo.incoming, {}, [&](Bytes bytes) { moved += bytes.count; });
    CHECK(stored.path == fs::path("2024/06/IMG_1.JPG"));
    CHECK_FALSE(stored.adopted);
    CHECK((stored.proof.method == "direct" || stored.proof.method == "evicted"));
    CHECK(moved == 3'000'000);
    CHECK(read(world.nas / stored.path) == noise(3'000'000, 1));
    CHECK(fs::last_write_time(world.nas / stored.path) == kTaken.time_since_epoch().count());
    CHECK(world.names() == std::vector<std::string>{"IMG_1.JPG"});
}

TEST_CASE("A different file under the name is left alone", "[archive]") {
    World world;
    auto archive = world.open();
    test::write(world.nas / "2024/06/IMG_1.JPG", "somebody else's");
    test::write(world.nas / "2024/06/img_1-2.jpg", "taken on a server that ignores case");
    const auto stored = archive.store(world.original("2024/06/IMG_1.JPG", noise(5000, 1)).incoming);
    CHECK(stored.path == fs::path("2024/06/IMG_1-3.JPG"));
    CHECK(read(world.nas / "2024/06/IMG_1.JPG") == "somebody else's");
    CHECK(read(world.nas / "2024/06/img_1-2.jpg") == "taken on a server that ignores case");
}

TEST_CASE("A name taken while the copy is written is not overwritten", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(5000, 1));
    const auto stored = archive.store(photo.incoming, {}, [&](Bytes) { test::write(world.nas / "2024/06/IMG_1.JPG", "came meanwhile"); });
    CHECK(stored.path == fs::path("2024/06/IMG_1-2.JPG"));
    CHECK(read(world.nas / "2024/06/IMG_1.JPG") == "came meanwhile");
}

TEST_CASE("The same bytes already there are adopted and nothing is written", "[archive]") {
    World world;
    auto archive = world.open();
    const auto content = noise(5000, 1);
    test::write(world.nas / "2024/06/img_1.jpg", content);
    const auto before = fs::last_write_time(world.nas / "2024/06");
    const auto stored = archive.store(world.original("2024/06/IMG_1.JPG", content).incoming);
    CHECK(stored.adopted);
    CHECK(stored.path == fs::path("2024/06/img_1.jpg"));
    CHECK(world.names() == std::vector<std::string>{"img_1.jpg"});
    CHECK(fs::last_write_time(world.nas / "2024/06") == before);
}

TEST_CASE("The original itself, linked into the archive, is no copy", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(5000, 1));
    fs::create_directories(world.nas / "2024/06");
    fs::create_hard_link(world.dir / "original-1", world.nas / "2024/06/IMG_1.JPG");
    CHECK(code_thrown([&] { archive.store(photo.incoming); }) == "nas.same_file");
}

TEST_CASE("A live pair is renamed together, whichever comes first", "[archive]") {
    World world;
    auto archive = world.open();
    test::write(world.nas / "2024/06/IMG_1.HEIC", "another photo of that name");
    auto still = world.original("2024/06/IMG_1.HEIC", noise(5000, 1));
    auto movie = world.original("2024/06/IMG_1.MOV", noise(9000, 2));
    still.incoming.siblings = {{"IMG_1.MOV", *movie.incoming.sha256, movie.incoming.size, {}}};
    movie.incoming.siblings = {{"IMG_1.HEIC", *still.incoming.sha256, still.incoming.size, {}}};
    const bool movie_first = GENERATE(true, false);
    const auto first = archive.store(movie_first ? movie.incoming : still.incoming);
    const auto second = archive.store(movie_first ? still.incoming : movie.incoming);
    CHECK(world.names() == std::vector<std::string>{"IMG_1-2.HEIC", "IMG_1-2.MOV", "IMG_1.HEIC"});
    CHECK_FALSE(first.adopted);
    CHECK_FALSE(second.adopted);
}

TEST_CASE("Bytes that changed on their way to the disk never get the name", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(3'000'000, 1));
    bool flipped = false;
    const auto flip = [&](Bytes) {
        if (flipped) return;
        flipped = true;
        const auto temporary = world.nas / "2024/06" / world.names().front();
        const int fd = ::open(temporary.c_str(), O_WRONLY);
        REQUIRE(fd >= 0);
        REQUIRE(::pwrite(fd, "X", 1, 1000) == 1);
        ::close(fd);
    };
    CHECK(code_thrown([&] { archive.store(photo.incoming, {}, flip); }) == "nas.read_back_differs");
    REQUIRE(world.names().size() == 1);
    CHECK(world.names().front().starts_with(".mediaferry-bad-"));
    CHECK(archive.store(photo.incoming).path == fs::path("2024/06/IMG_1.JPG"));
}

TEST_CASE("An original that is not what arrived is not archived", "[archive]") {
    World world;
    auto archive = world.open();
    auto photo = world.original("2024/06/IMG_1.JPG", noise(5000, 1));
    photo.incoming.sha256 = files::digest_bytes(noise(5000, 2)).sha256;
    CHECK(code_thrown([&] { archive.store(photo.incoming); }) == "local.changed");
    CHECK(world.names().empty());
}

TEST_CASE("Stopped in the middle, nothing is left", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(3'000'000, 1));
    int asked = 0;
    CHECK_THROWS_AS(archive.store(photo.incoming, [&] { return ++asked > 2; }), Interrupted);
    CHECK(world.names().empty());
}

TEST_CASE("Without a marker nothing is written", "[archive]") {
    World world;
    fs::remove(world.nas / kMarkerName);
    CHECK(code_thrown([&] { world.open(); }) == "nas.unmounted");
    fs::remove_all(world.nas);
    CHECK(code_thrown([&] { world.open(); }) == "nas.unmounted");
    CHECK_FALSE(fs::exists(world.nas));
}

TEST_CASE("A marker that goes away ends the work before the next file", "[archive]") {
    World world;
    auto archive = world.open();
    fs::remove(world.nas / kMarkerName);
    CHECK(code_thrown([&] { archive.store(world.original("2024/06/IMG_1.JPG", "x").incoming); }) == "nas.unmounted");
    CHECK(files::Tree::open(world.nas).list("").empty());
}

TEST_CASE("What is put in the archive's place is never written to", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(5000, 1));
    const auto replace = [&] {
        fs::rename(world.nas, world.dir / "away");
        fs::create_directories(world.nas);
    };
    SECTION("before a file") {
        replace();
        CHECK(code_thrown([&] { archive.store(photo.incoming); }) == "nas.detached");
    }
    SECTION("while a file is written") {
        CHECK(code_thrown([&] { archive.store(photo.incoming, {}, [&](Bytes) { replace(); }); }) == "nas.detached");
        CHECK(files::Tree::open(world.dir / "away/2024/06").list("").empty());
    }
    CHECK(fs::is_empty(world.nas));
}

TEST_CASE("A foreign archive is refused", "[archive]") {
    World world;
    const auto other = code_thrown([&] { Archive::open(world.settings(), "00000000-0000-4000-8000-000000000000"); });
    CHECK(other == "nas.other");
    test::write(world.nas / kMarkerName, "hello");
    CHECK(code_thrown([&] { world.open(); }) == "nas.marker");
}

TEST_CASE("init makes an archive once", "[archive]") {
    TempDir dir;
    config::Archive settings;
    settings.root = dir / "nas";
    CHECK(code_thrown([&] { Archive::initialise(settings, kTaken); }) == "nas.unmounted");
    fs::create_directories(settings.root);
    test::write(settings.root / kMarkerName, "");  // somebody's `touch`
    const auto [marker, written] = Archive::initialise(settings, kTaken);
    const auto [again, rewritten] = Archive::initialise(settings, kTaken + std::chrono::hours{1});
    CHECK(written);
    CHECK_FALSE(rewritten);
    CHECK(marker.uuid == again.uuid);
    CHECK(again.created == kTaken);
    CHECK(marker.uuid.size() == 36);
}

TEST_CASE("A link in the archive's tree is not followed out of it", "[archive]") {
    World world;
    auto archive = world.open();
    fs::create_directories(world.dir / "elsewhere");
    fs::create_symlink(world.dir / "elsewhere", world.nas / "2024");
    CHECK_THROWS_AS(archive.store(world.original("2024/06/IMG_1.JPG", "x").incoming), TransientError);
    CHECK(fs::is_empty(world.dir / "elsewhere"));
}

TEST_CASE("Temporary files of dead runs go when their directory is met, those of others stay", "[archive]") {
    World world;
    test::write(world.nas / "2024/06/.mediaferry-tmp-house-1-1", "of a run that died");
    test::write(world.nas / "2024/06/.mediaferry-tmp-house-2-1", "of a run at work");
    test::write(world.nas / "2024/06/.mediaferry-tmp-other-1-1", "of another house");
    auto archive = world.open({"house-3", [](std::string_view tag) { return tag == "house-1"; }});
    archive.store(world.original("2024/06/IMG_1.JPG", "x").incoming);
    CHECK(world.names() == std::vector<std::string>{".mediaferry-tmp-house-2-1", ".mediaferry-tmp-other-1-1", "IMG_1.JPG"});
}

TEST_CASE("Temporary files of a writer that died beside this one go when it looks again", "[archive]") {
    World world;
    bool died = false;
    auto archive = world.open({"house-3", [&](std::string_view tag) { return died && tag == "house-2"; }});
    archive.store(world.original("2024/06/IMG_1.JPG", "x").incoming);
    test::write(world.nas / "2024/06/.mediaferry-tmp-house-2-1", "of a run at work");
    archive.remove_dead_temporaries();
    CHECK(world.names() == std::vector<std::string>{".mediaferry-tmp-house-2-1", "IMG_1.JPG"});
    died = true;
    archive.store(world.original("2024/06/IMG_2.JPG", "y").incoming);
    archive.remove_dead_temporaries();
    CHECK(world.names() == std::vector<std::string>{"IMG_1.JPG", "IMG_2.JPG"});
}

TEST_CASE("A copy that cannot be written to its end leaves nothing", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(3'000'000, 1));
    struct rlimit before {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = before;
    small.rlim_cur = 1'500'000;
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto code = code_thrown([&] { archive.store(photo.incoming); });
    ::setrlimit(RLIMIT_FSIZE, &before);
    CHECK(code == "file.too_large");
    CHECK(world.names().empty());
    CHECK(archive.store(photo.incoming).path == fs::path("2024/06/IMG_1.JPG"));
}

TEST_CASE("An archive without room for the file is not written to", "[archive]") {
    World world;
    const auto archive = world.open();
    CHECK(code_thrown([&] { archive.check({1ULL << 60}); }) == "nas.full");
    CHECK_NOTHROW(archive.check({1}));
}

TEST_CASE("Reading again tells the right bytes from wrong and missing ones", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(100'000, 1));
    const auto stored = archive.store(photo.incoming);
    CHECK(archive.reread(stored.path, *photo.incoming.sha256).reading == Archive::Reading::same);
    test::write(world.nas / stored.path, noise(100'000, 2));
    CHECK(archive.reread(stored.path, *photo.incoming.sha256).reading == Archive::Reading::different);
    fs::remove(world.nas / stored.path);
    CHECK(archive.reread(stored.path, *photo.incoming.sha256).reading == Archive::Reading::missing);
}

TEST_CASE("A fetched file is what was archived, or is not there", "[archive]") {
    World world;
    auto archive = world.open();
    const auto photo = world.original("2024/06/IMG_1.JPG", noise(100'000, 1));
    const auto stored = archive.store(photo.incoming);
    archive.fetch(stored.path, *photo.incoming.sha256, world.dir / "home.jpg", kTaken);
    CHECK(read(world.dir / "home.jpg") == noise(100'000, 1));
    test::write(world.nas / stored.path, noise(100'000, 2));
    CHECK(code_thrown([&] { archive.fetch(stored.path, *photo.incoming.sha256, world.dir / "bad.jpg", kTaken); }) == "nas.damaged");
    CHECK_FALSE(fs::exists(world.dir / "bad.jpg"));
}

TEST_CASE("An archive in memory proves nothing", "[archive]") {
    const fs::path memory{"/dev/shm"};
    REQUIRE(files::file_system_type(memory) == "tmpfs");
    World world;
    const auto marker = test::read(world.nas / kMarkerName);
    world.nas = memory / ("mediaferry-test-" + std::to_string(::getpid()));
    fs::create_directories(world.nas);
    test::write(world.nas / kMarkerName, marker);  // of another disk, copied: archive init would have refused
    {
        auto archive = world.open();
        CHECK(code_thrown([&] { archive.store(world.original("2024/06/IMG_1.JPG", "x").incoming); }) == "nas.cache");
        CHECK(world.names().empty());
    }
    fs::remove_all(world.nas);
}
