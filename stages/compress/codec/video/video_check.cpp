// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/video_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/video/encoder.h"
#include "stages/compress/codec/video/index.h"
#include "stages/compress/codec/video/luma.h"

namespace mediaferry::stages {
namespace {

constexpr double kWorstFrame = 20.0;  // dB: guards against wrong, shifted or missing pictures, not a quality target

[[noreturn]] void differs(const std::string& how) { throw TransientError{"video.check", "the small copy differs: " + how}; }

/// Says how the file is built, nothing about what it shows.
bool is_muxer_key(std::string_view key) {
    static constexpr std::array<std::string_view, 4> kKeys{"major_brand", "minor_version", "compatible_brands", "encoder"};
    return std::ranges::find(kKeys, key) != kKeys.end();
}

std::string value_of(const AVDictionary* dictionary, const char* key) {
    const auto* entry = av_dict_get(dictionary, key, nullptr, AV_DICT_MATCH_CASE);
    return entry == nullptr ? "" : entry->value;
}

/// Some cameras write it as a key, too, with other digits after the second.
bool same_moment(const std::string& a, const std::string& b) {
    std::int64_t x = 0, y = 0;
    return av_parse_time(&x, a.c_str(), 0) >= 0 && av_parse_time(&y, b.c_str(), 0) >= 0 && x == y;
}

void check_keys(const AVDictionary* original, const AVDictionary* result, const std::string& where) {
    const AVDictionaryEntry* entry = nullptr;
    while ((entry = av_dict_get(original, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
        if (is_muxer_key(entry->key) || std::string_view(entry->key) == "vendor_id") continue;  // who wrote the sample description
        const auto made = value_of(result, entry->key);
        if (made != entry->value && !(std::string_view(entry->key) == "creation_time" && same_moment(made, entry->value)))
            differs(where + " lost or changed " + entry->key);
    }
}

template <class Data>
bool same_side_data(const std::optional<Data>& expected, const AVStream* stream, AVPacketSideDataType type, bool (*same)(const Data&, const Data&)) {
    std::size_t size = 0;
    const auto* data = av_stream_get_side_data(stream, type, &size);
    const bool there = data != nullptr && size >= sizeof(Data);
    return there == expected.has_value() && (!there || same(*expected, *reinterpret_cast<const Data*>(data)));
}

bool same_light(const AVContentLightMetadata& a, const AVContentLightMetadata& b) { return a.MaxCLL == b.MaxCLL && a.MaxFALL == b.MaxFALL; }

/// In the units that containers and bitstreams have.
bool same_screen(const AVMasteringDisplayMetadata& a, const AVMasteringDisplayMetadata& b) {
    const auto same = [](AVRational x, AVRational y, int unit) { return std::lround(av_q2d(x) * unit) == std::lround(av_q2d(y) * unit); };
    for (int i = 0; i < 3; ++i)
        for (int k = 0; k < 2; ++k)
            if (!same(a.display_primaries[i][k], b.display_primaries[i][k], 50000)) return false;
    return same(a.white_point[0], b.white_point[0], 50000) && same(a.white_point[1], b.white_point[1], 50000) &&
           same(a.max_luminance, b.max_luminance, 10000) && same(a.min_luminance, b.min_luminance, 10000);
}

void check_pictures(const av::Clip& original, const av::Clip& result, const Look& look, const config::VideoTier& tier) {
    const auto& made = *result.video()->codecpar;
    if (made.codec_id != Encoder::codec(tier) || (Encoder::tag(tier) != 0 && made.codec_tag != Encoder::tag(tier))) differs("its codec");
    if (Size{made.width, made.height} != look.target) differs("its size");
    const auto format = made.format == AV_PIX_FMT_YUVJ420P ? AV_PIX_FMT_YUV420P : static_cast<AVPixelFormat>(made.format);
    if (format != look.format) differs("bits of its pictures");
    const auto kept = [](auto before, auto after, auto unspecified) { return before == unspecified || before == after; };
    if (!kept(look.primaries, made.color_primaries, AVCOL_PRI_UNSPECIFIED) || !kept(look.transfer, made.color_trc, AVCOL_TRC_UNSPECIFIED) ||
        !kept(look.matrix, made.color_space, AVCOL_SPC_UNSPECIFIED))
        differs("its colours");
    const bool full = look.range == AVCOL_RANGE_JPEG;
    if (full != (made.color_range == AVCOL_RANGE_JPEG || made.format == AV_PIX_FMT_YUVJ420P)) differs("range of its colours");
    if (!same_side_data(look.mastering, result.video(), AV_PKT_DATA_MASTERING_DISPLAY_METADATA, same_screen) ||
        !same_side_data(look.light, result.video(), AV_PKT_DATA_CONTENT_LIGHT_LEVEL, same_light))
        differs("HDR10's numbers");
    const auto* a = original.display_matrix();
    const auto* b = result.display_matrix();
    if ((a == nullptr) != (b == nullptr) || (a != nullptr && std::memcmp(a, b, 9 * sizeof(std::int32_t)) != 0)) differs("rotation");
}

void check_tracks(const av::Clip& original, const av::Clip& result) {
    check_keys(original.format()->metadata, result.format()->metadata, "the clip");
    check_keys(original.video()->metadata, result.video()->metadata, "the video track");
    if (original.video()->disposition != result.video()->disposition) differs("what the video track is for");
    if (original.audio().size() != result.audio().size()) differs("number of sound tracks");
    for (std::size_t i = 0; i < original.audio().size(); ++i) {
        const auto *a = original.audio()[i], *b = result.audio()[i];
        check_keys(a->metadata, b->metadata, "a sound track");
        const auto &x = *a->codecpar, &y = *b->codecpar;
        if (x.codec_id != y.codec_id || x.codec_tag != y.codec_tag || x.sample_rate != y.sample_rate || x.ch_layout.nb_channels != y.ch_layout.nb_channels ||
            x.extradata_size != y.extradata_size ||
            (x.extradata_size > 0 && std::memcmp(x.extradata, y.extradata, static_cast<std::size_t>(x.extradata_size)) != 0))
            differs("a sound track's description");
        if (a->disposition != b->disposition) differs("what a sound track is for");
    }
}

/// The sound of a clip, track by track: when each packet is heard, and a chain of checksums of what is in it.
class Sound {
public:
    explicit Sound(const av::Clip& clip) : clip_(clip), tracks_(clip.audio().size()) {}

    void add(const AVPacket* packet) {
        const auto found = std::ranges::find(clip_.audio(), packet->stream_index, &AVStream::index);
        auto& track = tracks_[static_cast<std::size_t>(found - clip_.audio().begin())];
        std::string link{track.sum.bytes.begin(), track.sum.bytes.end()};
        link.append(reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size));
        track.sum = sha256_of(link);
        track.times.push_back(av_rescale_q(packet->pts, (*found)->time_base, AVRational{1, 1'000'000}));
    }

    void compare(const Sound& made) const {
        for (std::size_t i = 0; i < tracks_.size(); ++i) {
            const auto &a = tracks_[i], &b = made.tracks_[i];
            if (a.sum != b.sum || a.times.size() != b.times.size()) differs("sound");
            for (std::size_t k = 0; k < a.times.size(); ++k)
                if (std::abs(a.times[k] - b.times[k]) > 1000) differs("time of a piece of sound");
        }
    }

private:
    struct Track {
        Sha256 sum;
        std::vector<std::int64_t> times;  ///< microseconds
    };
    const av::Clip& clip_;
    std::vector<Track> tracks_;
};

bool same_time(const AVFrame* a, const AVFrame* b, const av::Clip& original, const av::Clip& result) {
    const auto before = original.video()->time_base, after = result.video()->time_base;
    if (av_cmp_q(before, after) == 0) return a->pts == b->pts;
    return av_compare_ts(a->pts, before, b->pts, after) == 0;
}

}  // namespace

Verified check_video(const av::ByteSource& original_bytes, const mov::Header& header, const av::ByteSource& result_bytes, const Look& look,
                     const config::VideoTier& tier) {
    mov::check_carried(original_bytes, header, result_bytes, mov::read_header(result_bytes), look.source != look.target);
    av::Clip original{original_bytes};
    av::Clip result{result_bytes};
    check_tracks(original, result);
    check_pictures(original, result, look, tier);
    LumaScaler scaler{look};
    Ssim ssim;
    Sound before{original}, after{result};
    std::vector<double> ssims;
    double sum = 0, psnr = 0;
    for (;;) {
        const auto* a = original.next_frame([&](AVPacket* packet) { before.add(packet); });
        const auto* b = result.next_frame([&](AVPacket* packet) { after.add(packet); });
        if ((a == nullptr) != (b == nullptr)) differs("number of frames");
        if (a == nullptr) break;
        if (!same_time(a, b, original, result)) differs("time of frame " + std::to_string(ssims.size()));
        const auto likeness = ssim.of(scaler.of(a), luma_of(b));
        if (likeness.psnr < kWorstFrame) differs("picture of frame " + std::to_string(ssims.size()));
        ssims.push_back(likeness.ssim);
        sum += likeness.ssim;
        psnr += likeness.psnr;
    }
    if (ssims.empty()) differs("it has no frame");
    before.compare(after);
    const auto count = static_cast<double>(ssims.size());
    return {percentile(ssims, 5), sum / count, psnr / count};
}

}  // namespace mediaferry::stages
