// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/suited.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "stages/compress/codec/video/carried.h"

namespace mediaferry::stages {
namespace {

/// Boxes of a picture's sample description that an encoder and the muxer write anew, with the same meaning. Any other one says something that would
/// be lost: a second eye, a Dolby Vision layer, a viewing environment.
constexpr std::array<std::string_view, 16> kCarried{"avcC", "hvcC", "av1C", "vpcC", "esds", "colr", "pasp", "btrt",
                                                    "fiel", "mdcv", "clli", "SmDm", "CoLL", "glbl", "free", "clap"};

/// Whether a clean aperture shows the whole picture: width and height as fractions, no offset.
bool whole_aperture(const mov::Box& clap, const AVCodecParameters& picture) {
    const auto value = [&](std::size_t i) { return static_cast<std::int64_t>(static_cast<std::int32_t>(mov::number(clap.payload, 4 * i, 4))); };
    return value(0) == picture.width * value(1) && value(2) == picture.height * value(3) && value(4) == 0 && value(6) == 0;
}

bool describes_dolby_vision(std::string_view box) { return box == "dvcC" || box == "dvvC" || box == "dvwC"; }

/// Whether players without Dolby Vision show these pictures as HDR10, SDR or HLG: profile 8 with the compatibility 1, 2 or 4, as phones film. (Dolby
/// Vision Streams within the ISO Base Media File Format, 3.2)
bool shown_without(const AVDOVIDecoderConfigurationRecord* dolby) {
    return dolby != nullptr && dolby->dv_profile == 8 &&
           (dolby->dv_bl_signal_compatibility_id == 1 || dolby->dv_bl_signal_compatibility_id == 2 || dolby->dv_bl_signal_compatibility_id == 4);
}

std::optional<Compressed> unsuited_dolby_vision(const mov::Header& header, const av::Clip& clip, const AVFrame* first,
                                                const config::VideoTier& tier) {
    const auto* dolby = clip.dolby_vision();
    const bool there = dolby != nullptr || av_frame_get_side_data(first, AV_FRAME_DATA_DOVI_RPU_BUFFER) != nullptr;
    bool alone = false;
    for (const auto& track : header.tracks)
        alone = alone || track.kind == "dvh1" || track.kind == "dvhe" || track.kind == "dva1" || track.kind == "dvav";
    if (!there && !alone) return std::nullopt;
    if (tier.dolby_vision != "base_layer") return keep("video.dolby_vision", "Dolby Vision would be lost");
    if (alone || !shown_without(dolby)) return keep("video.dolby_vision", "it can be shown as Dolby Vision only");
    return std::nullopt;
}

/// `asked`: libav has read its Dolby Vision, and the tier leaves it out. (A libav that passes over such a box says nothing of it: then nobody asked.)
std::optional<Compressed> unsuited_description(const mov::Box& trak, const AVCodecParameters& picture, bool asked) {
    const auto* stsd = trak.at("mdia/minf/stbl/stsd");
    constexpr std::size_t kEntry = 8, kExtensions = kEntry + 8 + 78;
    if (stsd == nullptr || stsd->payload.size() < kExtensions) return keep("video.description", "it does not say what its pictures are");
    for (const auto& box : mov::boxes_in(std::string_view(stsd->payload).substr(kExtensions))) {
        if (describes_dolby_vision(box.type)) {
            if (!asked) return keep("video.dolby_vision", "Dolby Vision would be lost");
            continue;
        }
        if (std::ranges::find(kCarried, box.type) == kCarried.end())
            return keep("video.description", "its pictures are described with \"" + box.type + "\", which would be lost");
        if (box.type == "clap" && !whole_aperture(box, picture)) return keep("video.description", "it shows only a part of its pictures");
    }
    return std::nullopt;
}

std::optional<Compressed> unsuited_tracks(const mov::Header& header, const av::Clip& clip) {
    if (header.fragmented) return keep("video.fragmented", "a fragmented file");
    if (clip.other_pictures() > 0) return keep("video.tracks", "it has a second track with pictures");
    for (const auto& track : header.tracks) {
        if (!mov::through_libav(track)) continue;
        if (track.kinds != 1) return keep("video.tracks", "a track of it changes its format");
    }
    return std::nullopt;
}

std::optional<Compressed> unsuited_sound(const av::Clip& clip) {
    for (const auto* track : clip.audio())
        if (track->codecpar->codec_id == AV_CODEC_ID_NONE || avcodec_find_decoder(track->codecpar->codec_id) == nullptr)
            return keep("video.audio", "a sound track of a kind that is not known here");
    return std::nullopt;
}

std::optional<Compressed> unsuited_pictures(const av::Clip& clip, const AVFrame* first) {
    const auto& picture = *clip.video()->codecpar;
    for (const auto kind : {AV_FRAME_DATA_DYNAMIC_HDR_PLUS, AV_FRAME_DATA_DYNAMIC_HDR_VIVID})
        if (av_frame_get_side_data(first, kind) != nullptr) return keep("video.dynamic_hdr", "HDR10+ would be lost");
    for (const auto kind : {AV_PKT_DATA_SPHERICAL, AV_PKT_DATA_STEREO3D})
        if (av_stream_get_side_data(clip.video(), kind, nullptr) != nullptr) return keep("video.spherical", "a panorama or a clip for two eyes");
    const auto format = static_cast<AVPixelFormat>(picture.format);
    if (format != AV_PIX_FMT_YUV420P && format != AV_PIX_FMT_YUVJ420P && format != AV_PIX_FMT_YUV420P10LE)
        return keep("video.pixels", "an unusual pixel format");
    if ((picture.field_order != AV_FIELD_PROGRESSIVE && picture.field_order != AV_FIELD_UNKNOWN) || first->interlaced_frame != 0)
        return keep("video.interlaced", "interlaced video");
    if (picture.width % 2 != 0 || picture.height % 2 != 0) return keep("video.pixels", "pictures of odd size");
    if (clip.hides_pictures()) return keep("video.edit_list", "it was cut without being written anew: what it hides would be lost");
    return std::nullopt;
}

}  // namespace

Size target_size(const AVCodecParameters& source, const config::VideoTier& tier) {
    const int longest = std::max(source.width, source.height);
    if (!tier.max_long_edge || longest <= *tier.max_long_edge) return {source.width, source.height};
    const double scale = static_cast<double>(*tier.max_long_edge) / longest;
    const auto even = [&](int length) { return std::max(2, static_cast<int>(std::lround(length * scale / 2)) * 2); };
    return {even(source.width), even(source.height)};
}

bool is_efficient(AVCodecID codec) { return codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_AV1 || codec == AV_CODEC_ID_VP9; }

Look look_of(const av::Clip& clip, const AVFrame* first, const config::VideoTier& tier) {
    const auto& source = *clip.video()->codecpar;
    Look look;
    look.source = {source.width, source.height};
    look.target = target_size(source, tier);
    look.format = source.format == AV_PIX_FMT_YUV420P10LE ? AV_PIX_FMT_YUV420P10LE : AV_PIX_FMT_YUV420P;
    look.bits = look.format == AV_PIX_FMT_YUV420P10LE ? 10 : 8;
    look.time_base = clip.video()->time_base;
    look.frame_rate = av_guess_frame_rate(clip.format(), clip.video(), nullptr);
    look.pixel_aspect = source.sample_aspect_ratio;
    look.primaries = source.color_primaries;
    look.transfer = source.color_trc;
    look.matrix = source.color_space;
    look.range = source.format == AV_PIX_FMT_YUVJ420P ? AVCOL_RANGE_JPEG : source.color_range;
    look.chroma = source.chroma_location;
    const auto read = [&](AVPacketSideDataType in_track, AVFrameSideDataType in_frame, auto& into) {
        using Data = typename std::remove_reference_t<decltype(into)>::value_type;
        std::size_t size = 0;
        if (const auto* data = av_stream_get_side_data(clip.video(), in_track, &size); data != nullptr && size >= sizeof(Data))
            into = *reinterpret_cast<const Data*>(data);
        else if (const auto* side = av_frame_get_side_data(first, in_frame); side != nullptr && side->size >= sizeof(Data))
            into = *reinterpret_cast<const Data*>(side->data);
    };
    read(AV_PKT_DATA_MASTERING_DISPLAY_METADATA, AV_FRAME_DATA_MASTERING_DISPLAY_METADATA, look.mastering);
    read(AV_PKT_DATA_CONTENT_LIGHT_LEVEL, AV_FRAME_DATA_CONTENT_LIGHT_LEVEL, look.light);
    return look;
}

std::optional<Compressed> unsuited(const av::ByteSource& bytes, const mov::Header& header, const av::Clip& clip, const AVFrame* first,
                                   const config::VideoTier& tier) {
    if (auto why = unsuited_tracks(header, clip)) return why;
    if (auto why = unsuited_dolby_vision(header, clip, first, tier)) return why;
    if (const auto what = mov::not_carried(bytes, header); !what.empty()) return keep("video.tracks", "it has " + what + ", which would be lost");
    for (const auto& trak : header.movie.moov.boxes)
        if (const auto* hdlr = trak.at("mdia/hdlr"); trak.type == "trak" && hdlr != nullptr && hdlr->payload.substr(8, 4) == "vide")
            if (auto why = unsuited_description(trak, *clip.video()->codecpar, clip.dolby_vision() != nullptr)) return why;
    if (auto why = unsuited_sound(clip)) return why;
    return unsuited_pictures(clip, first);
}

}  // namespace mediaferry::stages
