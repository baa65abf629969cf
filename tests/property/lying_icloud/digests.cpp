// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/digests.h"

#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace mediaferry::lying {
namespace {

std::string digest(const EVP_MD* kind, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, kind, nullptr) != 1) throw std::runtime_error("no digest");
    return {reinterpret_cast<const char*>(out.data()), size};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const char byte : digest(EVP_sha256(), bytes)) {
        out += kHex[static_cast<unsigned char>(byte) >> 4];
        out += kHex[static_cast<unsigned char>(byte) & 15];
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3), '\0');
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                    static_cast<int>(bytes.size()));
    return out;
}

std::string apple_checksum(std::string_view bytes) {
    std::string salted{"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0", 51};
    if (salted.size() != 51 || salted.back() != '\0') throw std::logic_error("the salts have changed");
    salted += bytes;
    return base64("\x01" + digest(EVP_sha1(), salted));
}

std::optional<std::string> bytes_of(const fs::path& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return std::nullopt;
    std::string out;
    std::array<char, 1 << 16> block{};
    for (std::size_t n; (n = std::fread(block.data(), 1, block.size(), file)) > 0;) out.append(block.data(), n);
    const bool good = std::ferror(file) == 0;
    std::fclose(file);
    return good ? std::optional{out} : std::nullopt;
}

}  // namespace mediaferry::lying
