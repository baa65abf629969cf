// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/original_bytes.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

/// A file, opened as a codec program gets it.
struct Given {
    explicit Given(const std::string& content) : file(dir / "original") {
        write(file, content);
        order.original = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
        order.size = Bytes{content.size()};
        order.sha256 = stages::sha256_of(content);
    }
    ~Given() { ::close(order.original); }
    Given(const Given&) = delete;
    Given& operator=(const Given&) = delete;

    void flip(std::size_t at) const {
        auto bytes = read(file);
        bytes[at] = static_cast<char>(bytes[at] ^ 4);
        const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
        REQUIRE(::pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
        ::close(fd);
    }

    TempDir dir;
    fs::path file;
    stages::Order order;
};

std::string all_of(stages::OriginalBytes& bytes) {
    std::string result;
    char some[10'000];
    while (const auto got = bytes.read_at(result.size(), some, sizeof some)) result.append(some, got);
    return result;
}

}  // namespace

TEST_CASE("the original is read as it arrived, at once or in pieces", "[compress]") {
    const auto content = noise(700'000, 1);
    const Given given{content};
    CHECK(stages::read_whole(given.order) == content);
    stages::OriginalBytes bytes{given.order};
    CHECK(bytes.size() == content.size());
    CHECK(all_of(bytes) == content);
    char byte = 0;
    CHECK(bytes.read_at(262'143, &byte, 1) == 1);
    CHECK(byte == content[262'143]);
    CHECK(bytes.read_at(content.size(), &byte, 1) == 0);
}

TEST_CASE("not one bit of another original is decoded", "[compress]") {
    const Given given{noise(700'000, 1)};
    given.flip(400'000);
    CHECK_THROWS_AS(stages::read_whole(given.order), TransientError);
    CHECK_THROWS_AS(stages::OriginalBytes{given.order}, TransientError);
}

TEST_CASE("a bit that turns over after the original was hashed is met at the next reading", "[compress]") {
    // Larger than what is kept in memory: the first block is read anew in the end.
    const Given given{noise(12'000'000, 1)};
    stages::OriginalBytes bytes{given.order};
    all_of(bytes);
    given.flip(5);
    char byte = 0;
    try {
        bytes.read_at(0, &byte, 1);
        FAIL("the changed byte was handed out");
    } catch (const TransientError& error) {
        CHECK(error.code() == "compress.original");
    }
}

TEST_CASE("an original that shrinks under its reader is no shorter original", "[compress]") {
    const Given given{noise(700'000, 1)};
    stages::OriginalBytes bytes{given.order};
    REQUIRE(::truncate(given.file.c_str(), 300'000) == 0);
    char byte = 0;
    CHECK_THROWS_AS(bytes.read_at(600'000, &byte, 1), TransientError);
}
