// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/png_parts.h"

#include <zlib.h>

#include <algorithm>

#include "common/errors/errors.h"
#include "stages/compress/codec/jpeg/bounded.h"

namespace mediaferry::stages {
namespace {

constexpr std::string_view kPngHead{"\x89PNG\r\n\x1a\n", 8};
constexpr std::size_t kMostChunks = 1 << 20;
constexpr std::size_t kInterlaceByte = 8 + 12;  // of IHDR with its length and type before

[[noreturn]] void no_png(const std::string& how) { throw BadInput{"photo.broken", "not a whole PNG: " + how}; }

std::uint32_t checksum(std::string_view bytes) {
    return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void append_quad(std::string& to, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(value >> shift & 0xFF);
}

/// The header chunk, not interlaced.
std::string straight_header(const PngParts::Chunk& header) {
    std::string bytes{header.bytes.substr(0, header.bytes.size() - 4)};
    bytes[kInterlaceByte] = 0;
    append_quad(bytes, checksum(std::string_view{bytes}.substr(4)));
    return bytes;
}

void read_header(PngParts& parts) {
    const Bounded in{parts.chunks.front().body()};
    if (parts.chunks.front().type != "IHDR" || in.size() != 13) no_png("it does not begin with its header");
    parts.width = in.quad(0).value_or(0);
    parts.height = in.quad(4).value_or(0);
    parts.depth = static_cast<int>(in.number(8, 1).value_or(0));
    parts.colour = static_cast<int>(in.number(9, 1).value_or(0));
    parts.interlaced = in.number(12, 1) != 0U;
    constexpr int kDepths[] = {1, 2, 4, 8, 16};
    if (std::ranges::count(kDepths, parts.depth) == 0 || parts.colour > 6) no_png("its header makes no sense");
}

/// What stays as it is.
bool carried(const PngParts::Chunk& chunk) { return chunk.type != "IDAT" && chunk.type != "iDOT" && chunk.type != "IHDR"; }

}  // namespace

PngParts take_png_apart(std::string_view file) {
    if (!file.starts_with(kPngHead)) no_png("it does not begin like one");
    PngParts parts;
    const Bounded in{file};
    bool pixels = false, behind_pixels = false;
    for (std::uint64_t at = kPngHead.size();;) {
        const auto length = in.quad(at);
        const auto bytes = length ? in.part(at, std::uint64_t{*length} + 12) : std::nullopt;
        if (!bytes) no_png("it is cut short");
        const PngParts::Chunk chunk{bytes->substr(4, 4), *bytes};
        if (checksum(bytes->substr(4, *length + 4)) != in.quad(at + 8 + *length)) no_png("a checksum in it is wrong");
        if (parts.chunks.size() >= kMostChunks) no_png("it has too many chunks");
        const bool packed = chunk.type == "IDAT";
        if (packed && behind_pixels) no_png("its pixels do not lie together");
        behind_pixels = pixels && !packed;
        pixels = pixels || packed;
        parts.chunks.push_back(chunk);
        at += bytes->size();
        if (chunk.type != "IEND") continue;
        parts.trailer = file.substr(static_cast<std::size_t>(at));
        break;
    }
    read_header(parts);
    if (!pixels) no_png("it has no pixels");
    return parts;
}

std::string png_pixels_only(const PngParts& parts) {
    std::string file{kPngHead};
    for (const auto& chunk : parts.chunks)
        if (chunk.type == "IHDR" || chunk.type == "PLTE" || chunk.type == "IDAT" || chunk.type == "IEND") file += chunk.bytes;
    return file;
}

std::string put_png_together(const PngParts& original, const PngParts& packed) {
    std::string file{kPngHead};
    file += straight_header(original.chunks.front());
    bool pixels = false;
    for (const auto& chunk : original.chunks) {
        if (carried(chunk)) file += chunk.bytes;
        if (chunk.type != "IDAT" || pixels) continue;
        pixels = true;
        for (const auto& one : packed.chunks)
            if (one.type == "IDAT") file += one.bytes;
    }
    file += original.trailer;
    return file;
}

bool same_but_for_packing(const PngParts& original, const PngParts& result) {
    std::vector<std::string_view> before, after;
    for (const auto& chunk : original.chunks)
        if (carried(chunk)) before.push_back(chunk.bytes);
    for (const auto& chunk : result.chunks)
        if (carried(chunk)) after.push_back(chunk.bytes);
    return before == after && original.trailer == result.trailer && result.chunks.front().bytes == straight_header(original.chunks.front());
}

}  // namespace mediaferry::stages
