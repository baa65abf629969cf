// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <functional>

#include "stages/compress/codec/video/header_boxes.h"
#include "stages/compress/codec/video/index.h"
#include "stages/compress/codec/voice.h"

namespace mediaferry::stages::mov {
namespace {

[[noreturn]] void differs(const std::string& how) { throw TransientError{"video.check", "the small copy differs: " + how}; }

/// The boxes that stay, as bytes; as an MP4 file has them, whatever this is.
std::vector<std::string> staying(const std::vector<Box>& boxes, const std::function<bool(const std::string&)>& stays) {
    std::vector<std::string> all;
    for (const auto& box : boxes)
        if (stays(box.type)) all.push_back(as_mp4(box).bytes());
    return all;
}

void blank(Box& box, Field field) {
    for (std::size_t i = 0; i < field.size; ++i) set(box, {field.at + i, 1}, 0);
}

/// A header but for how long, and how large, it says.
std::string without_measures(Box header, bool resized) {
    const Places places{header};
    blank(header, places.duration);
    if (resized && header.type == "tkhd") blank(header, places.width_and_height);
    return header.bytes();
}

std::string without_places(Box trak) {
    std::erase_if(trak.at("mdia/minf/stbl")->boxes, [](const Box& box) { return box.type == "stco" || box.type == "co64"; });
    return as_mp4(std::move(trak)).bytes();
}

void check_samples(const av::ByteSource& a, const Track& before, const av::ByteSource& b, const Track& after) {
    const auto same = [&](const Chunk& one, const Chunk& other) {
        alive();
        return one.size == other.size && bytes_at(a, one.at, one.size) == bytes_at(b, other.at, other.size);
    };
    if (!std::ranges::equal(before.chunks, after.chunks, same)) differs("what its track \"" + before.kind + "\" says");
}

void check_libavs(const Box& before, const Box& after, bool resized) {
    if (without_measures(*before.find("tkhd"), resized) != without_measures(*after.find("tkhd"), resized)) differs("the header of a track");
    const auto stays = [&](const std::string& type) { return stays_in_track(type, resized); };
    if (staying(before.boxes, stays) != staying(after.boxes, stays)) differs("what is said of a track");
    const auto *a = before.find("mdia"), *b = after.find("mdia");
    if (staying(a->boxes, stays_in_media) != staying(b->boxes, stays_in_media)) differs("what is said of a track's media");
    const auto &was = *a->find("mdhd"), &is = *b->find("mdhd");
    const Places here{was}, there{is};
    if (get(was, here.created) != get(is, there.created) || get(was, here.changed) != get(is, there.changed)) differs("a track's dates");
    if (get(was, here.language) != get(is, there.language)) differs("a track's language");
}

}  // namespace

void check_carried(const av::ByteSource& original_bytes, const Header& original, const av::ByteSource& result_bytes, const Header& result,
                   bool resized) {
    const auto &before = original.movie.moov, &after = result.movie.moov;
    if (without_measures(*before.find("mvhd"), false) != without_measures(*after.find("mvhd"), false)) differs("the header of its index");
    if (staying(before.boxes, stays_in_movie) != staying(after.boxes, stays_in_movie)) differs("what is said of the clip");
    if (carried_pieces(original_bytes, original) != carried_pieces(result_bytes, result)) differs("its XMP");
    if (original.tracks.size() != result.tracks.size()) differs("number of tracks");
    const auto traks = [](const Box& moov) {
        std::vector<const Box*> all;
        for (const auto& box : moov.boxes)
            if (box.type == "trak") all.push_back(&box);
        return all;
    };
    const auto a = traks(before), b = traks(after);
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (through_libav(original.tracks[i])) {
            check_libavs(*a[i], *b[i], resized);
        } else {
            if (without_places(*a[i]) != without_places(*b[i])) differs("the description of its track \"" + original.tracks[i].kind + "\"");
            check_samples(original_bytes, original.tracks[i], result_bytes, result.tracks[i]);
        }
    }
}

}  // namespace mediaferry::stages::mov
