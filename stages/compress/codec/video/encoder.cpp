// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/encoder.h"

#include <cmath>
#include <cstdio>

#include "stages/compress/codec/voice.h"

namespace mediaferry::stages {
namespace {

using av::check;

struct EncoderChoice {
    const char* name;
    const char* option;  ///< where the codec's own options go
    std::string parameters;
};

long rounded(AVRational value, int unit) { return std::lround(av_q2d(value) * unit); }

/// x264 and x265: chromaticities in 0.00002, luminance in 0.0001 cd/m².
std::string screen_in_units(const AVMasteringDisplayMetadata& m) {
    std::string text;
    const auto point = [&](const char* name, const AVRational(&xy)[2]) {
        text += std::string(name) + "(" + std::to_string(rounded(xy[0], 50000)) + "," + std::to_string(rounded(xy[1], 50000)) + ")";
    };
    point("G", m.display_primaries[1]);
    point("B", m.display_primaries[2]);
    point("R", m.display_primaries[0]);
    point("WP", m.white_point);
    return text + "L(" + std::to_string(rounded(m.max_luminance, 10000)) + "," + std::to_string(rounded(m.min_luminance, 10000)) + ")";
}

/// SVT-AV1: the same as decimal numbers.
std::string screen_in_decimals(const AVMasteringDisplayMetadata& m) {
    char text[256];
    const auto of = [](AVRational value) { return av_q2d(value); };
    std::snprintf(text, sizeof text, "G(%.5f,%.5f)B(%.5f,%.5f)R(%.5f,%.5f)WP(%.5f,%.5f)L(%.4f,%.4f)", of(m.display_primaries[1][0]),
                  of(m.display_primaries[1][1]), of(m.display_primaries[2][0]), of(m.display_primaries[2][1]), of(m.display_primaries[0][0]),
                  of(m.display_primaries[0][1]), of(m.white_point[0]), of(m.white_point[1]), of(m.max_luminance), of(m.min_luminance));
    return text;
}

/// Pictures of 1080p and 8 bits that the small copy's come to: what an encoder holds of each grows with it.
double weight_of(const Look& look) { return static_cast<double>(look.target.width) * look.target.height * (look.bits > 8 ? 2 : 1) / (1920 * 1080); }

/// How many pictures x265 holds, with all that it keeps beside each: as few as they are large. Its presets ask for 15 to 60 (650 MiB for 10 bits at
/// 1080p, twice that and more at 2160p). 10 are as good as 15, measured; fewer than that cost some bytes.
std::string x265_pictures(const Look& look, const config::VideoTier& tier) {
    const double weight = weight_of(look);
    if (weight > 4.4) return ":rc-lookahead=2:bframes=1";
    if (weight > 2.2) return ":rc-lookahead=8:bframes=3";
    if (weight > 1.1) return ":rc-lookahead=3:bframes=2:b-pyramid=0";
    return tier.preset == "ultrafast" ? "" : ":rc-lookahead=10:bframes=4";
}

/// The same for x264, whose presets ask for 10 to 60.
std::string x264_pictures(const Look& look) {
    const double weight = weight_of(look);
    return weight > 4.4 ? ":rc-lookahead=4:bframes=1" : weight > 1.1 && weight <= 2.2 ? ":rc-lookahead=8:bframes=2" : ":rc-lookahead=20";
}

/// One thread (processes run side by side), quiet, and what is known of HDR10.
EncoderChoice choice(const config::VideoTier& tier, const Look& look) {
    const bool screen = look.mastering && look.mastering->has_primaries != 0 && look.mastering->has_luminance != 0;
    const auto light = [&](const char* name) {
        return look.light ? std::string(name) + std::to_string(look.light->MaxCLL) + "," + std::to_string(look.light->MaxFALL) : "";
    };
    if (tier.codec == "av1")
        return {"libsvtav1", "svtav1-params",
                "lp=1:lookahead=0" + std::string(look.bits > 8 ? ":hierarchical-levels=3" : "") +
                    (screen ? ":mastering-display=" + screen_in_decimals(*look.mastering) : "") + light(":content-light=")};
    const auto display = screen ? screen_in_units(*look.mastering) : "";
    if (tier.codec == "h264")
        return {"libx264", "x264-params", "threads=1" + x264_pictures(look) + (screen ? ":mastering-display=" + display : "") + light(":cll=")};
    // A quarter of "fast"'s time goes into looking for what it then finds to be a copy of the picture before.
    const std::string brisk = tier.preset == "fast" ? ":early-skip=1:limit-sao=1" : "";
    return {"libx265", "x265-params",
            "pools=none:frame-threads=1:log-level=error" + x265_pictures(look, tier) + brisk + (screen ? ":hdr10=1:master-display=" + display : "") +
                light(":max-cll=")};
}

/// SVT-AV1 numbers its presets; the words are those of x264 and x265.
std::string preset(const config::VideoTier& tier) {
    if (tier.codec != "av1") return tier.preset;
    if (tier.preset == "slow" || tier.preset == "slower" || tier.preset == "veryslow") return "6";
    if (tier.preset == "medium") return "8";
    const bool digits = !tier.preset.empty() && tier.preset.find_first_not_of("0123456789") == std::string::npos;
    return digits ? tier.preset : "10";
}

}  // namespace

std::string crf_text(double crf) {
    char text[32];
    std::snprintf(text, sizeof text, crf == std::floor(crf) ? "%.0f" : "%.1f", crf);
    return text;
}

AVFrame* Resizer::of(AVFrame* frame) {
    frame->pict_type = AV_PICTURE_TYPE_NONE;
    if (frame->format == AV_PIX_FMT_YUVJ420P) frame->format = AV_PIX_FMT_YUV420P;  // the same bytes; the range is said by color_range
    if (frame->width == target_.width && frame->height == target_.height && frame->format == format_) return frame;
    if (frame->format != format_) throw BadInput{"video.pixels", "its pictures change their format on the way"};
    scaler_.reset(sws_getCachedContext(scaler_.release(), frame->width, frame->height, format_, target_.width, target_.height, format_, SWS_LANCZOS,
                                       nullptr, nullptr, nullptr));
    if (!scaler_) throw std::bad_alloc{};
    av_frame_unref(small_.get());
    small_->format = format_;
    small_->width = target_.width;
    small_->height = target_.height;
    check(av_frame_get_buffer(small_.get(), 0), "get memory for a frame");
    check(av_frame_copy_props(small_.get(), frame), "copy a frame's properties");
    sws_scale(scaler_.get(), frame->data, frame->linesize, 0, frame->height, small_->data, small_->linesize);
    return small_.get();
}

std::uint32_t Encoder::tag(const config::VideoTier& tier) {
    // hvc1: QuickTime and Photos refuse hev1.
    return tier.codec == "hevc" ? MKTAG('h', 'v', 'c', '1') : 0;
}

AVCodecID Encoder::codec(const config::VideoTier& tier) {
    return tier.codec == "av1" ? AV_CODEC_ID_AV1 : tier.codec == "h264" ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC;
}

Encoder::Encoder(const Look& look, const config::VideoTier& tier, double crf, bool global_header) {
    const auto chosen = choice(tier, look);
    const auto* codec = avcodec_find_encoder_by_name(chosen.name);
    if (codec == nullptr)
        throw NeedsPerson{"compress.encoder", std::string("this FFmpeg has no ") + chosen.name + "; choose another codec in compress.tiers"};
    encoder_.reset(avcodec_alloc_context3(codec));
    if (!encoder_) throw std::bad_alloc{};
    encoder_->width = look.target.width;
    encoder_->height = look.target.height;
    encoder_->pix_fmt = look.format;
    encoder_->time_base = look.time_base;  // every time stamp as it is: variable frame rates stay variable
    encoder_->framerate = look.frame_rate;
    encoder_->sample_aspect_ratio = look.pixel_aspect;
    encoder_->color_primaries = look.primaries;
    encoder_->color_trc = look.transfer;
    encoder_->colorspace = look.matrix;
    encoder_->color_range = look.range;
    encoder_->chroma_sample_location = look.chroma;
    encoder_->thread_count = 1;
    encoder_->codec_tag = tag(tier);
    if (global_header) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary* options = nullptr;
    av_dict_set(&options, "crf", crf_text(crf).c_str(), 0);
    av_dict_set(&options, "preset", preset(tier).c_str(), 0);
    av_dict_set(&options, chosen.option, chosen.parameters.c_str(), 0);
    const int result = avcodec_open2(encoder_.get(), codec, &options);
    av_dict_free(&options);
    check(result, std::string("open ") + chosen.name + " with preset " + tier.preset);
}

Encoder::~Encoder() {
    // Closed before its last frame SVT-AV1 waits for ever. This program ends soon, and takes it along.
    if (!finished_) static_cast<void>(encoder_.release());
}

void Encoder::put(const AVFrame* frame, const std::function<void(AVPacket*)>& sink) {
    check(avcodec_send_frame(encoder_.get(), frame), "encode a frame");
    for (;;) {
        const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
        alive();  // at the end an encoder may hold a hundred frames back
        if (got == AVERROR_EOF) finished_ = true;
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
        check(got, "encode a frame");
        sink(packet_.get());
        av_packet_unref(packet_.get());
    }
}

}  // namespace mediaferry::stages
