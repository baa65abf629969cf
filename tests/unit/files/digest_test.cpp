// SPDX-License-Identifier: GPL-3.0-or-later
#include <openssl/evp.h>

#include <catch2/catch.hpp>

#include "common/files/files.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

/// The formula of Apple's fileChecksum, written down a second time.
std::string apple_checksum_of(const std::string& bytes) {
    std::string salted = "com.apple.XattrObjectSalt";
    salted.push_back('\0');
    salted += "com.apple.DataObjectSalt";
    salted.push_back('\0');
    salted += bytes;
    unsigned char marked[21] = {1};
    EVP_Digest(salted.data(), salted.size(), marked + 1, nullptr, EVP_sha1(), nullptr);
    unsigned char text[29];
    EVP_EncodeBlock(text, marked, 21);
    return reinterpret_cast<char*>(text);
}

}  // namespace

TEST_CASE("the SHA-256 of a known text is the published one", "[files]") {
    CHECK(to_hex(files::digest_bytes("abc").sha256) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(files::digest_bytes("").sha256) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("Apple's checksum is salted and marked as iCloud lists it", "[files]") {
    for (const std::size_t size : {0u, 1u, 63u, 64u, 65u, 1048575u, 1048577u}) {
        const std::string bytes = noise(size, 7);
        const std::string checksum = files::digest_bytes(bytes).apple_checksum;
        CHECK(checksum == apple_checksum_of(bytes));
        CHECK(checksum.size() == 28);
        CHECK(checksum.front() == 'A');  // 0x01: the kind
    }
}

TEST_CASE("a file and the same bytes in pieces have the same digests", "[files]") {
    TempDir dir;
    const std::string bytes = noise(3'000'001, 1);
    const auto file = write(dir / "IMG_0001.JPG", bytes);
    files::Digester pieces;
    pieces.add(std::string_view(bytes).substr(0, 17));
    pieces.add(std::string_view(bytes).substr(17));
    const files::Digests digests = files::digest_file(file);
    CHECK(digests == files::digest_bytes(bytes));
    CHECK(digests == pieces.take());
    CHECK(digests.size == Bytes{3'000'001});
}
