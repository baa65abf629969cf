// SPDX-License-Identifier: GPL-3.0-or-later
// Which of the codec programs a photo is given to: the one that loads least.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/support/house.h"
#include "tests/support/tool.h"

using namespace mediaferry;
using mediaferry::pipeline::StepStatus;
using mediaferry::test::House;

namespace {

/// A house whose codec programs write down that they were asked, then do what they do.
struct ListeningHouse : House {
    ListeningHouse() {
        const auto real = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / "mediaferry";
        for (const std::string name : {"jpeg-codec", "photo-codec", "video-codec"}) {
            const auto script = test::write(dir / "codecs" / name, "#!/bin/sh\n[ \"$1\" = --check ] || echo " + name + " >> " + asked().string() +
                                                                       "\nexec " + (real / name).string() + " \"$@\"\n");
            fs::permissions(script, fs::owner_all);
        }
        ::setenv("MEDIAFERRY_CODECS_DIR", (dir / "codecs").c_str(), 1);
        settings.compress.minimum_saving = Bytes{100};
        settings.compress.minimum_saving_percent = 0;
    }
    ~ListeningHouse() { ::unsetenv("MEDIAFERRY_CODECS_DIR"); }
    ListeningHouse(const ListeningHouse&) = delete;
    ListeningHouse& operator=(const ListeningHouse&) = delete;

    fs::path asked() const { return dir / "asked"; }

    /// A picture of ffmpeg's in a tier of its own; what its record says.
    nlohmann::json compressed(const std::string& name, const config::PhotoTier& photo) {
        settings.compress.tiers = {{"only", std::nullopt, photo, {}}};
        const auto file = dir / name;
        test::said_by({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "mandelbrot=size=640x480:rate=1", "-frames:v", "1", "-q:v", "2", "-y", file.string()});
        test::Sample sample;
        sample.content = test::read(file);
        sample.folder = "compress";
        const auto id = downloaded(name, sample);
        done_up_to(id, "processing");
        REQUIRE(run("compress").exit_code == 0);
        REQUIRE(status(id, "compress") == StepStatus::done);
        return nlohmann::json::parse(item(id).compression_metadata);
    }
};

}  // namespace

TEST_CASE("a JPEG that stays one is given to the program that loads libjpeg alone; what takes more goes to the photo program", "[compress]") {
    const auto [name, photo, asked] = GENERATE(table<std::string, config::PhotoTier, std::string>({
        {"a.jpg", {.quality = 70, .floor = 0.8}, "jpeg-codec\n"},
        {"a.jpg", {.lossless = true}, "jpeg-codec\n"},
        {"a.jpg", {.quality = 80, .max_megapixels = 0.0768, .floor = 0.8}, "jpeg-codec\n"},                // a quarter of its pixels
        {"a.jpg", {.quality = 80, .max_megapixels = 0.1, .floor = 0.8}, "jpeg-codec\nphoto-codec\n"},  // a third: libjpeg does not come to that
        {"a.jpg", {.lossless = true, .jpeg_xl = true}, "photo-codec\n"},
        {"a.png", {}, "photo-codec\n"},
    }));
    ListeningHouse house;
    const auto record = house.compressed(name, photo);
    INFO(record.dump());
    CHECK_FALSE(record.contains("kept"));
    CHECK(test::read(house.asked()) == asked);
    CHECK((record["tools"].get<std::string>().find("libvips") != std::string::npos) == (photo.max_megapixels == 0.1));
}
