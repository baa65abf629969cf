// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/index.h"

#include <algorithm>

#include "stages/compress/codec/result_file.h"
#include "stages/compress/codec/video/header_boxes.h"
#include "stages/compress/codec/voice.h"

namespace mediaferry::stages::mov {
namespace {

constexpr std::uint64_t kBlock = 1 << 20;  // bytes moved at a time
constexpr std::uint64_t kNarrow = 0xFFFFFFFF;

[[noreturn]] void unexpected(const std::string& what) {
    throw TransientError{"video.check", "the small copy differs: " + what + " of its index is not what was expected"};
}

const Box& trak_of(const Box& moov, std::uint32_t id) {
    for (const auto& box : moov.boxes)
        if (const auto* tkhd = box.find("tkhd"); box.type == "trak" && tkhd != nullptr && get(*tkhd, Places{*tkhd}.track) == id) return box;
    unexpected("a track");
}

/// A track of pictures or sound: how it is coded and where it lies by libav, what it is by the original.
Box merged(const Box& original, const Box& made, bool resized) {
    Box trak{"trak", {}, {track_header(*original.find("tkhd"), *made.find("tkhd"), resized)}};
    if (const auto* edits = made.find("edts")) trak.boxes.push_back(*edits);
    for (const auto& box : original.boxes)
        if (stays_in_track(box.type, resized)) trak.boxes.push_back(box);
    Box mdia{"mdia", {}, {media_header(*original.at("mdia/mdhd"), *made.at("mdia/mdhd"))}};
    for (const auto& box : original.find("mdia")->boxes)
        if (stays_in_media(box.type)) mdia.boxes.push_back(box);
    mdia.boxes.push_back(*made.at("mdia/minf"));
    trak.boxes.push_back(std::move(mdia));
    return trak;
}

Box index_of(const Header& original, const Box& made, const std::string& container, bool resized) {
    auto mvhd = movie_header(*original.movie.moov.find("mvhd"), *made.find("mvhd"));
    const Places in_movie{mvhd};
    Box moov{"moov", {}, {}};
    std::size_t i = 0;
    for (const auto& box : original.movie.moov.boxes) {
        if (stays_in_movie(box.type)) moov.boxes.push_back(box);
        if (box.type != "trak") continue;
        const auto& track = original.tracks[i++];
        moov.boxes.push_back(through_libav(track) ? merged(box, trak_of(made, track.id), resized) : box);
        const auto& tkhd = *moov.boxes.back().find("tkhd");
        set(mvhd, in_movie.duration, std::max(get(mvhd, in_movie.duration), get(tkhd, Places{tkhd}.duration)));
    }
    moov.boxes.insert(moov.boxes.begin(), std::move(mvhd));
    return container == "mp4" ? as_mp4(std::move(moov)) : moov;
}

/// What lies between the index and what libav wrote: pieces, then the samples that are carried, in a box of their own.
struct Between {
    std::string bytes;
    std::uint64_t samples_at = 0;  ///< from its begin
};

Between between(const av::ByteSource& source, const Header& original) {
    Between all;
    for (const auto& piece : carried_pieces(source, original)) all.bytes += piece;
    std::string samples;
    for (const auto& track : original.tracks)
        if (!through_libav(track))
            for (const auto& chunk : track.chunks) samples += bytes_at(source, chunk.at, chunk.size);
    all.samples_at = all.bytes.size() + 8;
    if (!samples.empty()) all.bytes += Box{"mdat", std::move(samples), {}}.bytes();
    return all;
}

/// [from, to) lies `by` bytes further afterwards.
void move_up(int file, std::uint64_t from, std::uint64_t to, std::uint64_t by) {
    const auto source = av::file_source(file);
    while (to > from) {
        alive();
        const auto size = std::min(kBlock, to - from);
        to -= size;
        write_at(file, to + by, bytes_at(source, to, size));
    }
}

}  // namespace

void place_chunks(Box& trak, bool wide, const std::function<std::uint64_t(std::size_t chunk, std::uint64_t at)>& where) {
    for (auto& box : trak.at("mdia/minf/stbl")->boxes) {
        if (box.type != "stco" && box.type != "co64") continue;
        const std::size_t size = box.type == "co64" ? 8 : 4, new_size = wide ? 8 : size;
        auto payload = box.payload.substr(0, 8);
        for (std::size_t i = 0; i < number(box.payload, 4, 4); ++i) add_number(payload, new_size, where(i, number(box.payload, 8 + i * size, size)));
        box.type = new_size == 8 ? "co64" : "stco";
        box.payload = std::move(payload);
    }
}

void finish(const av::ByteSource& original_bytes, const Header& original, int result, const std::string& container, bool resized) {
    const auto made = read_movie(av::file_source(result));
    if (made.pieces.front().type != "ftyp" || made.pieces.back().type != "moov") unexpected("the order");
    const auto begin = made.pieces.front().size, end = made.pieces.back().at;
    const auto rest = between(original_bytes, original);
    auto moov = index_of(original, made.moov, container, resized);
    const bool wide = end + rest.bytes.size() + 2 * moov.bytes().size() > kNarrow;
    const auto place_all = [&](std::uint64_t shift, std::uint64_t carried) {
        std::size_t i = 0;
        for (auto& box : moov.boxes) {
            if (box.type != "trak") continue;
            const auto& track = original.tracks[i++];
            const bool libavs = through_libav(track);
            place_chunks(box, wide && libavs, [&](std::size_t chunk, std::uint64_t at) {
                if (libavs) return at + shift;
                carried += track.chunks[chunk].size;
                return carried - track.chunks[chunk].size;
            });
        }
    };
    place_all(0, 0);  // as large as it will be
    const auto size = moov.bytes().size(), shift = size + rest.bytes.size();
    place_all(shift, begin + size + rest.samples_at);
    move_up(result, begin, end, shift);
    set_size(result, end + shift);
    write_at(result, begin, moov.bytes() + rest.bytes);
}

}  // namespace mediaferry::stages::mov
