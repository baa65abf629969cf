// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/video_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/video/clip.h"

namespace mediaferry::stages {
namespace {

constexpr double kWorstMean = 28.0, kWorstFrame = 20.0;  // dB: guards against wrong, shifted or missing pictures, not a quality target

[[noreturn]] void differs(const std::string& how) { throw TransientError{"video.check", "the small copy differs: " + how}; }

std::string value_of(const AVDictionary* dictionary, const char* key) {
    const auto* entry = av_dict_get(dictionary, key, nullptr, AV_DICT_MATCH_CASE);
    return entry == nullptr ? "" : entry->value;
}

void check_keys(const AVDictionary* original, const AVDictionary* result, const std::string& where) {
    const AVDictionaryEntry* entry = nullptr;
    while ((entry = av_dict_get(original, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr)
        if (!is_muxer_key(entry->key) && value_of(result, entry->key) != entry->value) differs(where + " lost or changed " + entry->key);
}

void check_tracks(const av::Clip& original, const av::Clip& result) {
    if (original.audio().size() != result.audio().size()) differs("number of sound tracks");
    check_keys(original.format()->metadata, result.format()->metadata, "the clip");
    if (value_of(original.video()->metadata, "creation_time") != value_of(result.video()->metadata, "creation_time"))
        differs("creation date of the video track");
    const auto* a = original.display_matrix();
    const auto* b = result.display_matrix();
    if ((a == nullptr) != (b == nullptr) || (a != nullptr && std::memcmp(a, b, 9 * sizeof(std::int32_t)) != 0)) differs("rotation");
}

/// A frame's luma at the given size, one byte a pixel.
class Luma {
public:
    Luma(int width, int height) : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {}

    const std::vector<std::uint8_t>& of(const AVFrame* frame) {
        scaler_.reset(sws_getCachedContext(scaler_.release(), frame->width, frame->height, static_cast<AVPixelFormat>(frame->format), width_, height_,
                                           AV_PIX_FMT_GRAY8, SWS_BICUBIC, nullptr, nullptr, nullptr));
        std::uint8_t* planes[] = {pixels_.data()};
        const int strides[] = {width_};
        sws_scale(scaler_.get(), frame->data, frame->linesize, 0, frame->height, planes, strides);
        return pixels_;
    }

private:
    int width_, height_;
    std::vector<std::uint8_t> pixels_;
    av::Scaler scaler_;
};

double psnr(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const int difference = a[i] - b[i];
        sum += static_cast<std::uint64_t>(difference * difference);
    }
    if (sum == 0) return 99.0;
    return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / static_cast<double>(sum));
}

/// The sound of a clip: a digest per track, fed as packets are met.
class Sound {
public:
    void add(const AVPacket* packet) {
        auto& track = tracks_[packet->stream_index];
        // A chain of checksums: it is fed piece by piece and kept as one.
        std::string link{track.bytes.begin(), track.bytes.end()};
        link.append(reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size));
        track = sha256_of(link);
    }
    std::vector<Sha256> digests() const {
        std::vector<Sha256> all;
        for (const auto& [index, digest] : tracks_) all.push_back(digest);
        std::ranges::sort(all);
        return all;
    }

private:
    std::map<int, Sha256> tracks_;
};

std::int64_t microseconds(const AVFrame* frame, const AVStream* stream) {
    return av_rescale_q(frame->pts - (stream->start_time == AV_NOPTS_VALUE ? 0 : stream->start_time), stream->time_base, AVRational{1, 1'000'000});
}

}  // namespace

bool is_muxer_key(const char* key) {
    static constexpr std::array<std::string_view, 4> kKeys{"major_brand", "minor_version", "compatible_brands", "encoder"};
    return std::ranges::find(kKeys, key) != kKeys.end();
}

double check_video(av::ByteSource original_bytes, av::ByteSource result_bytes) {
    av::Clip original{std::move(original_bytes)};
    av::Clip result{std::move(result_bytes)};
    check_tracks(original, result);
    Luma left{result.video()->codecpar->width, result.video()->codecpar->height};
    Luma right{result.video()->codecpar->width, result.video()->codecpar->height};
    Sound before, after;
    double sum = 0;
    int frames = 0;
    for (;; ++frames) {
        const auto* a = original.next_frame([&](AVPacket* packet) { before.add(packet); });
        const auto* b = result.next_frame([&](AVPacket* packet) { after.add(packet); });
        if ((a == nullptr) != (b == nullptr)) differs("number of frames");
        if (a == nullptr) break;
        if (std::abs(microseconds(a, original.video()) - microseconds(b, result.video())) > 1000) differs("time of frame " + std::to_string(frames));
        const double likeness = psnr(left.of(a), right.of(b));
        if (likeness < kWorstFrame) differs("picture of frame " + std::to_string(frames));
        sum += likeness;
    }
    if (frames == 0) differs("it has no frame");
    if (before.digests() != after.digests()) differs("sound");
    if (sum / frames < kWorstMean) differs("it does not look like the original (" + std::to_string(sum / frames) + " dB)");
    return sum / frames;
}

}  // namespace mediaferry::stages
