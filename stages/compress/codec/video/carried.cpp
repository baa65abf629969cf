// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/carried.h"

#include <algorithm>
#include <array>

namespace mediaferry::stages::mov {
namespace {

constexpr std::uint64_t kMost = 64ULL << 20;  // bytes, in memory for a moment; a phone's timed metadata comes to some kilobytes a second
constexpr std::array<std::string_view, 6> kTracks{"meta", "tmcd", "text", "sbtl", "subt", "clcp"};
constexpr std::array<std::string_view, 6> kPieces{"ftyp", "moov", "mdat", "wide", "free", "skip"};
constexpr std::array<std::string_view, 4> kPadding{"wide", "free", "skip", "iods"};  // and what only an MPEG-4 terminal asked for
constexpr std::string_view kXmp{"\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC", 16};  // Adobe's XMP specification, part 3

bool one_of(const auto& list, std::string_view type) { return std::ranges::find(list, type) != list.end(); }

bool is_xmp(const av::ByteSource& source, const Piece& piece) {
    return piece.type == "uuid" && piece.size - piece.header >= kXmp.size() && piece.size <= kMost &&
           bytes_at(source, piece.at + piece.header, kXmp.size()) == kXmp;
}

/// Whether the samples lie in the file itself, and nothing beside the table of chunks says where.
bool self_contained(const Box& trak) {
    if (trak.at("mdia/minf/stbl/saio") != nullptr) return false;
    const auto* dinf = trak.at("mdia/minf/dinf");
    if (dinf == nullptr) return true;
    for (const auto& dref : boxes_in(dinf->payload)) {
        if (dref.type != "dref") continue;
        number(dref.payload, 0, 8);
        for (const auto& entry : boxes_in(std::string_view(dref.payload).substr(8)))
            if ((number(entry.payload, 0, 4) & 1) == 0) return false;
    }
    return true;
}

}  // namespace

bool through_libav(const Track& track) { return track.handler == "vide" || track.handler == "soun"; }

bool stays_in_movie(const std::string& type) { return type != "mvhd" && type != "trak" && !one_of(kPadding, type); }

bool stays_in_track(const std::string& type, bool resized) {
    if (type == "tapt" && resized) return false;  // the aperture's size in pixels
    return type != "tkhd" && type != "edts" && type != "mdia" && !one_of(kPadding, type);
}

bool stays_in_media(const std::string& type) { return type != "mdhd" && type != "minf" && !one_of(kPadding, type); }

std::string not_carried(const av::ByteSource& bytes, const Header& header) {
    std::uint64_t carried = 0;
    std::size_t i = 0;
    for (const auto& trak : header.movie.moov.boxes) {
        if (trak.type != "trak") continue;
        const auto& track = header.tracks[i++];
        if (through_libav(track)) continue;
        carried += track.bytes;
        if (!one_of(kTracks, track.handler)) return "a track of a kind that is not known here (\"" + track.handler + "\")";
        if (!self_contained(trak)) return "a track (\"" + track.kind + "\") that lies elsewhere";
        if (carried > kMost) return "more than " + std::to_string(kMost >> 20) + " MiB of timed metadata";
    }
    for (const auto& piece : header.movie.pieces)
        if (!one_of(kPieces, piece.type) && !is_xmp(bytes, piece)) return "a piece of a kind that is not known here (\"" + piece.type + "\")";
    return "";
}

std::vector<std::string> carried_pieces(const av::ByteSource& bytes, const Header& header) {
    std::vector<std::string> all;
    for (const auto& piece : header.movie.pieces)
        if (is_xmp(bytes, piece)) all.push_back(bytes_at(bytes, piece.at, piece.size));
    return all;
}

std::string bytes_at(const av::ByteSource& source, std::uint64_t at, std::uint64_t size) {
    std::string bytes(static_cast<std::size_t>(size), '\0');
    for (std::size_t done = 0; done < bytes.size();) {
        const auto got = source.read_at(at + done, bytes.data() + done, bytes.size() - done);
        if (got == 0) throw BadInput{"video.broken", "its index is damaged: it ends too soon"};
        done += got;
    }
    return bytes;
}

Box as_mp4(Box box) {
    for (auto& inner : box.boxes) inner = as_mp4(std::move(inner));
    auto& bytes = box.payload;
    if (box.type == "hdlr" && number(bytes, 4, 4) != 0) {
        set_number(bytes, 4, 4, 0);
        constexpr std::size_t kName = 24;
        if (bytes.size() > kName && number(bytes, kName, 1) <= bytes.size() - kName - 1) {
            const auto letters = static_cast<std::size_t>(number(bytes, kName, 1));
            bytes = bytes.substr(0, kName) + bytes.substr(kName + 1, letters) + '\0';
        }
    }
    return box;
}

}  // namespace mediaferry::stages::mov
