// SPDX-License-Identifier: GPL-3.0-or-later
// What a codec may not do, and what becomes of the files that make one misbehave.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/support/house.h"
#include "tests/support/tool.h"

using namespace mediaferry;
using mediaferry::pipeline::StepStatus;
using mediaferry::test::House;
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// Our codec programs are replaced by the bad one for as long as this lives.
class BadCodec {
public:
    BadCodec() { ::setenv("MEDIAFERRY_CODECS_DIR", BAD_CODECS, 1); }
    ~BadCodec() { ::unsetenv("MEDIAFERRY_CODECS_DIR"); }
    BadCodec(const BadCodec&) = delete;
    BadCodec& operator=(const BadCodec&) = delete;
};

MediaId waiting(House& house, const std::string& name, const std::string& content, MediaKind kind = MediaKind::photo) {
    test::Sample sample;
    sample.content = content + std::string(20'000, '.');
    sample.kind = kind;
    sample.folder = "compress";
    const auto id = house.downloaded(name, sample);
    house.done_up_to(id, "processing");
    return id;
}

/// 64 MiB for a codec, one tier, every byte saved counts.
void make_small(House& house) {
    house.settings.compress.tiers = {{"only", std::nullopt, {false, 70, {}, false, 0.8}, {false, "hevc", 30, {}, "ultrafast"}}};
    house.settings.compress.minimum_saving = Bytes{10};
    house.settings.compress.memory = Bytes{64 << 20};
}

nlohmann::json told_of(House& house, MediaId id) { return nlohmann::json::parse(house.item(id).compression_metadata); }

nlohmann::json walls(const std::string& program, std::vector<std::string> without) {
    without.insert(without.begin(),
                   {(fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / "mediaferry" / program).string(), "--check"});
    return nlohmann::json::parse(test::said_by(without));
}

bool offered(const nlohmann::json& report, const std::string& wall) {
    for (const auto& missing : report["missing"])
        if (missing == wall) {
            WARN("this kernel offers no " << wall << ": not tried");
            return false;
        }
    return true;
}

}  // namespace

TEST_CASE("from inside a codec program every door is shut", "[compress]") {
    const auto program = GENERATE(as<std::string>{}, "jpeg-codec", "photo-codec", "video-codec");
    const auto all = walls(program, {});
    if (offered(all, "landlock") && offered(all, "seccomp")) CHECK(all["open"] == nlohmann::json::array());
    CHECK_THAT(all["library"].get<std::string>(),
               Catch::StartsWith("libjpeg-turbo ") || Catch::StartsWith("libvips ") || Catch::StartsWith("FFmpeg "));
}

TEST_CASE("each wall alone shuts what it is there for; without them the same doors are open", "[compress]") {
    const auto seccomp_alone = walls("photo-codec", {"no-landlock"});
    if (offered(seccomp_alone, "seccomp")) CHECK(seccomp_alone["open"] == nlohmann::json::array());
    const auto landlock_alone = walls("photo-codec", {"no-seccomp"});
    if (offered(landlock_alone, "landlock")) {
        const auto open = landlock_alone["open"].get<std::vector<std::string>>();
        for (const auto* shut : {"open", "create", "ptrace", "memory", "file", "cpu", "core", "privileges"}) {
            INFO(shut);
            CHECK(std::count(open.begin(), open.end(), shut) == 0);
        }
        if (offered(landlock_alone, "landlock.network")) CHECK(std::count(open.begin(), open.end(), "connect") == 0);
    }
    // The trials themselves: with neither wall they find what any program may do, and the limits hold all the same.
    const auto none = walls("photo-codec", {"no-landlock", "no-seccomp"})["open"].get<std::vector<std::string>>();
    for (const auto* door : {"open", "create", "connect", "fork", "exec"}) {
        INFO(door);
        CHECK(std::count(none.begin(), none.end(), door) == 1);
    }
    for (const auto* shut : {"memory", "file", "cpu", "core", "privileges"}) {
        INFO(shut);
        CHECK(std::count(none.begin(), none.end(), shut) == 0);
    }
}

TEST_CASE("whatever a file does to its codec, the file is kept with the reason and the next one goes on", "[compress]") {
    const BadCodec bad;
    House house;
    make_small(house);
    house.settings.compress.deadline = 2s;
    const auto [asked, code] = GENERATE(table<std::string, std::string>({{"crash", "codec.crashed"},
                                                                         {"abort", "codec.crashed"},
                                                                         {"exit", "codec.crashed"},
                                                                         {"hang", "codec.deadline"},
                                                                         {"grow", "codec.file"},
                                                                         {"eat", "codec.memory"},
                                                                         {"babble", "codec.crashed"},
                                                                         {"\xFF\xD8\xFFname", "codec.crashed"},
                                                                         {"empty", "codec.crashed"}}));
    if (kSanitized && asked == "eat") return;  // no memory limit beside a sanitizer's shadow memory
    const auto first = waiting(house, "IMG_0001.JPG", asked);
    const auto second = waiting(house, "IMG_0002.JPG", "\xFF\xD8\xFF");

    REQUIRE(house.run("compress").exit_code == 0);

    INFO(asked << ": " << house.item(first).compression_metadata);
    CHECK(house.status(first, "compress") == StepStatus::done);
    CHECK(told_of(house, first)["kept"]["code"] == code);
    CHECK_FALSE(told_of(house, first)["kept"]["text"].get<std::string>().empty());
    const auto original = test::read(*house.item(first).local_path);
    CHECK(original == asked + std::string(20'000, '.'));
    CHECK(test::read(house.settings.folders.library / house.copy(first, Place::library)->path) == original);
    CHECK(house.status(second, "compress") == StepStatus::done);
    CHECK(told_of(house, second)["how"] == "as it should be");
    // Nothing unfinished is left behind.
    for (fs::recursive_directory_iterator at{house.settings.folders.library}, end; at != end; ++at)
        CHECK_FALSE(at->path().filename().string().starts_with(".mediaferry"));
}

TEST_CASE("a clip whose codec shows no sign of life is kept", "[compress]") {
    const BadCodec bad;
    House house;
    make_small(house);
    house.settings.compress.deadline = 1s;
    const auto id = waiting(house, "IMG_0001.MOV", "hang", MediaKind::video);
    REQUIRE(house.run("compress").exit_code == 0);
    CHECK_THAT(told_of(house, id)["kept"]["code"].get<std::string>(), Catch::StartsWith("codec."));
}

TEST_CASE("a codec that somebody else kills is tried again, not the file's fault", "[compress]") {
    const BadCodec bad;
    House house;
    make_small(house);
    const auto id = waiting(house, "IMG_0001.JPG", "killed");
    house.run("compress");
    CHECK(house.status(id, "compress") == StepStatus::pending);
    CHECK(house.reason(id, "compress") == "codec.killed");
    CHECK_FALSE(house.copy(id, Place::library));
}

TEST_CASE("a stage that is asked to stop ends its codec and puts the file back", "[compress]") {
    const BadCodec bad;
    House house;
    make_small(house);
    const auto id = waiting(house, "IMG_0001.JPG", "hang");
    house.stop = false;
    stage::WorkOptions how;
    how.arm_deadline = [&](std::chrono::seconds) { house.stop = true; };  // the request comes while the file is at work
    CHECK(house.run("compress", how).exit_code == 143);
    CHECK(house.status(id, "compress") == StepStatus::pending);
    CHECK_FALSE(house.copy(id, Place::library));
}

TEST_CASE("without its codec programs the stage is unavailable and no file is to blame", "[compress]") {
    House house;
    make_small(house);
    const auto id = waiting(house, "IMG_0001.JPG", "good");
    ::setenv("MEDIAFERRY_CODECS_DIR", house.dir.path().c_str(), 1);
    CHECK(house.run("compress").exit_code == 69);
    ::unsetenv("MEDIAFERRY_CODECS_DIR");
    CHECK(house.status(id, "compress") == StepStatus::pending);
}

TEST_CASE("a codec program sees none of our environment", "[compress]") {
    ::setenv("MEDIAFERRY_ICLOUD_PASSWORD", "hunter2", 1);
    House house;
    make_small(house);
    const auto script = house.dir / "photo-codec";
    test::write(script, "#!/bin/sh\n/usr/bin/env > " + (house.dir / "seen").string() + "\necho '{\"library\":\"x\",\"missing\":[],\"open\":[]}'\n");
    fs::permissions(script, fs::perms::owner_all);
    for (const auto* other : {"jpeg-codec", "video-codec"}) fs::copy_file(script, house.dir / other);
    waiting(house, "IMG_0001.JPG", "good");
    ::setenv("MEDIAFERRY_CODECS_DIR", house.dir.path().c_str(), 1);
    house.run("compress");
    ::unsetenv("MEDIAFERRY_CODECS_DIR");
    ::unsetenv("MEDIAFERRY_ICLOUD_PASSWORD");
    const auto seen = test::read(house.dir / "seen");
    CHECK_THAT(seen, Catch::Contains("LC_ALL=C"));
    CHECK_THAT(seen, !Catch::Contains("hunter2"));
}

TEST_CASE("what a codec program cannot be denied stops the stage only when confinement is required", "[compress]") {
    House house;
    make_small(house);
    const auto script = house.dir / "photo-codec";
    test::write(script, "#!/bin/sh\necho '{\"library\":\"x\",\"missing\":[\"seccomp\"],\"open\":[\"connect\"]}'\n");
    fs::permissions(script, fs::perms::owner_all);
    for (const auto* other : {"jpeg-codec", "video-codec"}) fs::copy_file(script, house.dir / other);
    const auto [confine, code] = GENERATE(table<config::Confine, int>({{config::Confine::required, 69}, {config::Confine::wanted, 0}}));
    house.settings.compress.confine = confine;
    waiting(house, "IMG_0001.JPG", "\xFF\xD8\xFF");
    ::setenv("MEDIAFERRY_CODECS_DIR", house.dir.path().c_str(), 1);
    CHECK(house.run("compress").exit_code == code);
    ::unsetenv("MEDIAFERRY_CODECS_DIR");
}
