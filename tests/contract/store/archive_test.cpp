// SPDX-License-Identifier: GPL-3.0-or-later
// The archive over every kind of store: the same promises (I2, I4), and after a server's death nothing twice.
#include "tests/contract/store/stores.h"

#include "common/archive/archive.h"
#include "common/errors/errors.h"

using namespace mediaferry;
using namespace mediaferry::archive;
using test::code_of_error;
using test::noise;
using test::read;
using test::Samba;
using test::shared_samba;

namespace {

const Timestamp kTaken = *from_iso("2024-06-01T10:00:00Z");

config::Archive on_share(const Samba& samba, const std::string& path = "") {
    config::Archive settings;
    settings.root = samba.url(path);
    settings.user = samba.user();
    settings.password = {true, Samba::password(), "the test"};
    return settings;
}

/// An archive, and originals at home.
struct World {
    World() {
        static int number = 0;
        kind = GENERATE(as<std::string>{}, "folder", "share");
        const auto name = "archive-" + std::to_string(++number);
        disk = kind == "folder" ? dir / name : shared_samba().disk() / name;
        fs::create_directories(disk);
        settings.root = disk;
        if (kind == "share") settings = on_share(shared_samba(), name);
        Archive::initialise(settings, kTaken);
    }
    Archive open(Writer writer = {"test", {}}) const { return Archive::open(settings, std::nullopt, std::move(writer)); }
    std::vector<std::string> names() const { return files::Tree::open(disk / "2024/06").list(""); }

    std::string kind;
    test::TempDir dir;
    fs::path disk;
    config::Archive settings;
};

struct Original {
    explicit Original(const std::string& content, const std::string& wanted = "2024/06/IMG_1.JPG") : home(content) {
        const auto digests = files::digest_bytes(content);
        incoming.source = home.fd();
        incoming.wanted = wanted;
        incoming.sha256 = digests.sha256;
        incoming.size = digests.size;
        incoming.modified = kTaken;
    }
    test::AtHome home;
    Incoming incoming;
};

}  // namespace

TEST_CASE("A stored file lies there under its name, read back, and is stored once", "[archive]") {
    World world;
    auto archive = world.open();
    const auto content = noise(2'500'000, 1);
    const Original photo{content};
    const auto stored = archive.store(photo.incoming);
    CHECK(stored.path == fs::path("2024/06/IMG_1.JPG"));
    CHECK_FALSE(stored.adopted);
    CHECK((stored.proof.method == "server") == (world.kind == "share"));
    CHECK(read(world.disk / stored.path) == content);
    CHECK(fs::last_write_time(world.disk / stored.path) == kTaken.time_since_epoch().count());
    CHECK(archive.store(photo.incoming).adopted);
    CHECK(world.open().store(photo.incoming).adopted);
    CHECK(world.names() == std::vector<std::string>{"IMG_1.JPG"});
}

TEST_CASE("Another file under the name, in any case, or one that comes meanwhile, is left alone", "[archive]") {
    World world;
    auto archive = world.open();
    test::write(world.disk / "2024/06/img_1.jpg", "somebody else's");
    const Original photo{noise(5000, 1)};
    const auto stored = archive.store(photo.incoming, {}, [&](Bytes) { test::write(world.disk / "2024/06/IMG_1-2.JPG", "came meanwhile"); });
    CHECK(stored.path == fs::path("2024/06/IMG_1-3.JPG"));
    CHECK(read(world.disk / "2024/06/img_1.jpg") == "somebody else's");
    CHECK(read(world.disk / "2024/06/IMG_1-2.JPG") == "came meanwhile");
}

TEST_CASE("Bytes that change on the NAS between writing and reading back are found", "[archive]") {
    World world;
    auto archive = world.open();
    const Original photo{noise(5000, 1)};
    int asked = 0;
    // The copy asks before its one block and at its end; the third question comes from the reading back.
    const auto flip = [&] {
        if (++asked != 3) return false;
        for (const auto& name : world.names()) {
            auto bytes = read(world.disk / "2024/06" / name);
            bytes[100] ^= 1;
            test::write(world.disk / "2024/06" / name, bytes);
        }
        return false;
    };
    CHECK(code_of_error([&] { archive.store(photo.incoming, flip); }) == "nas.read_back_differs");
    CHECK(asked >= 3);
    for (const auto& name : world.names()) CHECK(name.starts_with(".mediaferry-bad-"));
    CHECK(archive.store(photo.incoming).path == fs::path("2024/06/IMG_1.JPG"));
}

TEST_CASE("Several come in at once: each with its own fate, none twice, none under a name that another has", "[archive]") {
    World world;
    auto archive = world.open();
    test::write(world.disk / "2024/06/IMG_3.JPG", "somebody else's");
    const Original one{noise(300'000, 1)}, twin{noise(300'000, 1)}, same_name{noise(5000, 2), "2024/06/img_1.jpg"};
    const Original other_folder{noise(5000, 3), "2024/07/IMG_1.JPG"}, third{noise(5000, 4), "2024/06/IMG_3.JPG"};
    Original rotten{noise(5000, 5), "2024/06/IMG_5.JPG"}, unknown{noise(5000, 6), "2024/06/IMG_6.JPG"};
    rotten.incoming.sha256 = one.incoming.sha256;
    unknown.incoming.sha256.reset();
    const auto told = archive.store_all({one.incoming, twin.incoming, same_name.incoming, other_folder.incoming, third.incoming, rotten.incoming,
                                         unknown.incoming});
    REQUIRE(told.size() == 7);
    const auto path_of = [&](std::size_t at) { return told[at].stored ? told[at].stored->path.string() : ""; };
    CHECK(path_of(0) == "2024/06/IMG_1.JPG");
    CHECK(path_of(1) == "2024/06/IMG_1.JPG");
    CHECK(told[1].stored->adopted);
    CHECK(path_of(2) == "2024/06/img_1-2.jpg");
    CHECK(path_of(3) == "2024/07/IMG_1.JPG");
    CHECK(path_of(4) == "2024/06/IMG_3-2.JPG");
    REQUIRE(told[5].failed);
    CHECK(code_of_error([&] { std::rethrow_exception(told[5].failed); }) == "local.changed");
    CHECK(path_of(6) == "2024/06/IMG_6.JPG");
    CHECK(told[6].stored->sha256 == files::digest_bytes(noise(5000, 6)).sha256);
    CHECK(read(world.disk / "2024/06/img_1-2.jpg") == noise(5000, 2));
    CHECK(read(world.disk / "2024/06/IMG_3.JPG") == "somebody else's");
    CHECK(world.names() == std::vector<std::string>{"IMG_1.JPG", "IMG_3-2.JPG", "IMG_3.JPG", "IMG_6.JPG", "img_1-2.jpg"});
}

TEST_CASE("A file of unknown content that changes while it is read is not taken; those beside it are", "[archive]") {
    World world;
    auto archive = world.open();
    test::TempDir home;
    test::write(home / "a", noise(3'000'000, 1));
    const auto source = files::Tree::open(home.path()).open_read("a");
    const Original beside{noise(5000, 2), "2024/06/IMG_2.JPG"};
    const Incoming moving{source.get(), "2024/06/IMG_1.JPG", {}, {3'000'000}, kTaken, {}};
    bool done = false;
    const auto change = [&](Bytes) {
        if (std::exchange(done, true)) return;
        fs::last_write_time(home / "a", kTaken.time_since_epoch().count());  // as a person's touch does; the bytes may have changed with it
    };
    const auto told = archive.store_all({moving, beside.incoming}, {}, change);
    REQUIRE(told[0].failed);
    CHECK(code_of_error([&] { std::rethrow_exception(told[0].failed); }) == "file.changed");
    CHECK(told[1].stored);
    CHECK(world.names() == std::vector<std::string>{"IMG_2.JPG"});
}

TEST_CASE("Of several that were stopped, or whose archive went, none counts and none stays", "[archive]") {
    World world;
    auto archive = world.open();
    const Original one{noise(5000, 1)}, two{noise(5000, 2), "2024/06/IMG_2.JPG"};
    int asked = 0;
    CHECK_THROWS_AS(archive.store_all({one.incoming, two.incoming}, [&] { return ++asked > 5; }), Interrupted);
    CHECK(world.names().empty());
    int copied = 0;
    CHECK(code_of_error([&] {
              archive.store_all({one.incoming, two.incoming}, {}, [&](Bytes) {
                  if (++copied == 2) fs::rename(world.disk / kMarkerName, world.disk / "away");
              });
          }) == "nas.unmounted");
    CHECK(world.names().empty());
}

TEST_CASE("A copy that changed or went is told from one that is good", "[archive]") {
    World world;
    auto archive = world.open();
    const Original photo{noise(70'000, 1)};
    const auto path = archive.store(photo.incoming).path;
    using Reading = Archive::Reading;
    CHECK(archive.reread(path, *photo.incoming.sha256).reading == Reading::same);
    test::write(world.disk / path, noise(70'000, 2));
    CHECK(archive.reread(path, *photo.incoming.sha256).reading == Reading::different);
    const auto aside = archive.set_damaged_aside(path, kTaken);
    CHECK(read(world.disk / aside) == noise(70'000, 2));
    CHECK(archive.reread(path, *photo.incoming.sha256).reading == Reading::missing);
    archive.store(photo.incoming);
    test::TempDir home;
    archive.fetch(path, *photo.incoming.sha256, home / "back.jpg", kTaken);
    CHECK(read(home / "back.jpg") == noise(70'000, 1));
}

TEST_CASE("Without its marker, or with another's, a place is not the archive", "[archive]") {
    World world;
    auto archive = world.open();
    const Original photo{noise(5000, 1)};
    CHECK(code_of_error([&] { Archive::open(world.settings, "another-uuid"); }) == "nas.other");
    fs::rename(world.disk / kMarkerName, world.disk / "away");
    CHECK(code_of_error([&] { world.open(); }) == "nas.unmounted");
    CHECK(code_of_error([&] { archive.store(photo.incoming); }) == "nas.unmounted");
    CHECK_FALSE(fs::exists(world.disk / "2024"));
}

TEST_CASE("An archive that is taken away while a file is copied is noticed, and nothing counts", "[archive]") {
    World world;
    auto archive = world.open();
    const Original photo{noise(5000, 1)};
    CHECK(code_of_error([&] { archive.store(photo.incoming, {}, [&](Bytes) { fs::rename(world.disk / kMarkerName, world.disk / "away"); }); }) ==
          "nas.unmounted");
    CHECK_FALSE(fs::exists(world.disk / "2024/06/IMG_1.JPG"));
}

TEST_CASE("The original is no copy of itself, by whatever way it is reached", "[archive]") {
    World world;
    auto archive = world.open();
    const auto content = noise(5000, 1);
    test::write(world.disk / "2024/06/IMG_1.JPG", content);
    Original photo{content};
    const auto itself = files::Tree::open(world.disk / "2024/06").open_read("IMG_1.JPG");
    photo.incoming.source = itself.get();
    CHECK(code_of_error([&] { archive.store(photo.incoming); }) == "nas.same_file");
}

TEST_CASE("A server that dies in the middle: the next run makes it good, and nothing is there twice", "[archive]") {
    Samba samba;
    const auto settings = on_share(samba);
    Archive::initialise(settings, kTaken);
    const auto content = noise(4'000'000, 1);
    const Original photo{content};
    {
        auto archive = Archive::open(settings, std::nullopt, {"first", {}});
        int blocks = 0;
        const auto code = code_of_error([&] {
            archive.store(photo.incoming, {}, [&](Bytes) {
                if (++blocks == 2) samba.kill();
            });
        });
        CHECK(code == "nas.away");
    }
    samba.start();
    auto archive = Archive::open(settings, std::nullopt, {"second", [](std::string_view tag) { return tag == "first"; }});
    CHECK(archive.store(photo.incoming).path == fs::path("2024/06/IMG_1.JPG"));
    CHECK(files::Tree::open(samba.disk() / "2024/06").list("") == std::vector<std::string>{"IMG_1.JPG"});
    CHECK(read(samba.disk() / "2024/06/IMG_1.JPG") == content);
}

TEST_CASE("A run that died between a rename's mark and the rename leaves no name behind", "[archive]") {
    const auto disk = shared_samba().disk() / "half";
    fs::create_directories(disk);
    const auto settings = on_share(shared_samba(), "half");
    Archive::initialise(settings, kTaken);
    const Original photo{noise(5000, 1)};
    const std::string unfinished = "2024/06/.mediaferry-tmp-first-1";
    test::write(disk / unfinished, noise(5000, 1));
    test::write(disk / "2024/06/IMG_1.JPG", "mediaferry: this name is taken for a file that is about to be renamed from " + unfinished + "\n");
    auto archive = Archive::open(settings, std::nullopt, {"second", [](std::string_view tag) { return tag == "first"; }});
    CHECK(archive.store(photo.incoming).path == fs::path("2024/06/IMG_1.JPG"));
    CHECK(files::Tree::open(disk / "2024/06").list("") == std::vector<std::string>{"IMG_1.JPG"});
}

TEST_CASE("A NAS without room is full before anything is written there", "[archive]") {
    const Samba samba{"[global]\nmax disk size = 3\n"};
    const auto settings = on_share(samba);
    CHECK(code_of_error([&] {
              Archive::initialise(settings, kTaken);
              auto archive = Archive::open(settings, std::nullopt);
              const Original photo{noise(4'000'000, 1)};
              archive.store(photo.incoming);
          }) == "nas.full");
    CHECK_FALSE(fs::exists(samba.disk() / "2024"));
}
