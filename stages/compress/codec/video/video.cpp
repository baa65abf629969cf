// SPDX-License-Identifier: GPL-3.0-or-later

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/result_file.h"
#include "stages/compress/codec/video/clip.h"
#include "stages/compress/codec/video/video_check.h"
#include "stages/compress/codec/voice.h"

namespace mediaferry::stages {
namespace {

using av::check;

struct Size {
    int width = 0, height = 0;
};

Size target_size(const AVCodecParameters& source, const config::VideoTier& tier) {
    const int longest = std::max(source.width, source.height);
    if (!tier.max_long_edge || longest <= *tier.max_long_edge) return {source.width, source.height};
    const double scale = static_cast<double>(*tier.max_long_edge) / longest;
    const auto even = [&](int length) { return std::max(2, static_cast<int>(std::lround(length * scale / 2)) * 2); };
    return {even(source.width), even(source.height)};
}

bool is_efficient(AVCodecID codec) { return codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_AV1 || codec == AV_CODEC_ID_VP9; }

/// Why this clip keeps its bytes, if it does.
std::optional<Compressed> unsuited(const av::Clip& clip, const config::VideoTier& tier) {
    const auto& picture = *clip.video()->codecpar;
    if (clip.other_tracks() > 0) return keep("video.tracks", "it has tracks that cannot be carried over (timed metadata, time code)");
    if (clip.dolby_vision()) return keep("video.dolby_vision", "Dolby Vision would be lost");
    if (picture.color_trc == AVCOL_TRC_SMPTE2084 || picture.color_trc == AVCOL_TRC_ARIB_STD_B67)
        return keep("video.hdr", "HDR video keeps its bytes");
    const auto format = static_cast<AVPixelFormat>(picture.format);
    if (format != AV_PIX_FMT_YUV420P && format != AV_PIX_FMT_YUVJ420P && format != AV_PIX_FMT_YUV420P10LE)
        return keep("video.pixels", "an unusual pixel format");
    if (picture.field_order != AV_FIELD_PROGRESSIVE && picture.field_order != AV_FIELD_UNKNOWN) return keep("video.interlaced", "interlaced video");
    const auto size = target_size(picture, tier);
    if (is_efficient(picture.codec_id) && size.width == picture.width) return keep("video.efficient", "already in an efficient codec");
    for (const auto* track : clip.audio())
        if (track->codecpar->codec_id == AV_CODEC_ID_NONE) return keep("video.audio", "a sound track of an unknown kind");
    return std::nullopt;
}

struct EncoderChoice {
    const char* name;
    const char* option;  ///< codec's own options: one thread (processes run side by side), quiet
    const char* parameters;
    std::uint32_t tag;
};

EncoderChoice choice(const std::string& codec) {
    if (codec == "av1") return {"libsvtav1", "svtav1-params", "lp=1", 0};
    if (codec == "h264") return {"libx264", "x264-params", "threads=1", 0};
    // hvc1: QuickTime and Photos refuse hev1.
    return {"libx265", "x265-params", "pools=none:frame-threads=1:log-level=error", MKTAG('h', 'v', 'c', '1')};
}

class Transcoding {
public:
    Transcoding(av::Clip& clip, const Order& order)
        : clip_(clip),
          tier_(order.video),
          file_(order.result),
          choice_(choice(tier_.codec)),
          size_(target_size(*clip.video()->codecpar, tier_)),
          io_(order.result) {
        open_output(order.container);
        open_encoder();
        add_tracks();
        write_header();
    }

    /// False: given up because it grew past `limit` bytes.
    bool run(std::uint64_t limit) {
        while (auto* frame = clip_.next_frame([&](AVPacket* packet) { copy_audio(packet); })) {
            encode(scaled(frame));
            if (static_cast<std::uint64_t>(avio_tell(output_->pb)) > limit) return false;
        }
        encode(nullptr);
        checked(av_write_trailer(output_.get()), "finish the small copy");
        avio_flush(io_.get());
        checked(io_.get()->error, "finish the small copy");
        sync(file_);
        return true;
    }

private:
    int checked(int result, const std::string& doing) const {
        io_.rethrow();
        return check(result, doing);
    }

    void open_output(const std::string& container) {
        AVFormatContext* raw = nullptr;
        check(avformat_alloc_output_context2(&raw, nullptr, container.c_str(), ""), "set up the container");
        output_.reset(raw);
        output_->pb = io_.get();
        output_->flags |= AVFMT_FLAG_CUSTOM_IO;
        // To put the index in front, the muxer reads what it has written: from the same file, which it could not open by itself.
        output_->opaque = this;
        output_->io_open = [](AVFormatContext* context, AVIOContext** io, const char*, int, AVDictionary**) {
            auto& self = *static_cast<Transcoding*>(context->opaque);
            avio_flush(self.io_.get());
            self.second_.emplace(av::file_source(self.file_));
            *io = self.second_->get();
            return 0;
        };
        output_->io_close2 = [](AVFormatContext*, AVIOContext*) { return 0; };
        output_->flags |= AVFMT_FLAG_BITEXACT;  // no encoder tag of its own
        const AVDictionaryEntry* entry = nullptr;
        while ((entry = av_dict_get(clip_.format()->metadata, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr)
            if (!is_muxer_key(entry->key)) av_dict_set(&output_->metadata, entry->key, entry->value, 0);
    }

    void open_encoder() {
        const auto* codec = avcodec_find_encoder_by_name(choice_.name);
        if (codec == nullptr)
            throw NeedsPerson{"compress.encoder", std::string("this FFmpeg has no ") + choice_.name + "; choose another codec in compress.tiers"};
        encoder_.reset(avcodec_alloc_context3(codec));
        const auto& source = *clip_.video()->codecpar;
        encoder_->width = size_.width;
        encoder_->height = size_.height;
        encoder_->pix_fmt = source.format == AV_PIX_FMT_YUV420P10LE ? AV_PIX_FMT_YUV420P10LE : AV_PIX_FMT_YUV420P;
        encoder_->time_base = clip_.video()->time_base;  // every time stamp as it is: variable frame rates stay variable
        encoder_->framerate = av_guess_frame_rate(clip_.format(), clip_.video(), nullptr);
        encoder_->sample_aspect_ratio = source.sample_aspect_ratio;
        encoder_->color_primaries = source.color_primaries;
        encoder_->color_trc = source.color_trc;
        encoder_->colorspace = source.color_space;
        encoder_->color_range = source.format == AV_PIX_FMT_YUVJ420P ? AVCOL_RANGE_JPEG : source.color_range;
        encoder_->chroma_sample_location = source.chroma_location;
        encoder_->thread_count = 1;
        encoder_->codec_tag = choice_.tag;
        if ((output_->oformat->flags & AVFMT_GLOBALHEADER) != 0) encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
        AVDictionary* options = nullptr;
        av_dict_set(&options, "crf", std::to_string(tier_.quality).c_str(), 0);
        av_dict_set(&options, "preset", preset().c_str(), 0);
        av_dict_set(&options, choice_.option, choice_.parameters, 0);
        const int result = avcodec_open2(encoder_.get(), codec, &options);
        av_dict_free(&options);
        check(result, std::string("open ") + choice_.name + " with preset " + tier_.preset);
    }

    /// SVT-AV1 numbers its presets; the words are those of x264 and x265.
    std::string preset() const {
        if (tier_.codec != "av1") return tier_.preset;
        if (tier_.preset == "slow" || tier_.preset == "slower" || tier_.preset == "veryslow") return "6";
        if (tier_.preset == "medium") return "8";
        const bool number = !tier_.preset.empty() && tier_.preset.find_first_not_of("0123456789") == std::string::npos;
        return number ? tier_.preset : "10";
    }

    void add_tracks() {
        const auto* source = clip_.video();
        video_ = avformat_new_stream(output_.get(), nullptr);
        check(avcodec_parameters_from_context(video_->codecpar, encoder_.get()), "describe the video track");
        video_->codecpar->codec_tag = choice_.tag;
        video_->time_base = source->time_base;
        video_->avg_frame_rate = source->avg_frame_rate;
        video_->disposition = source->disposition;
        av_dict_copy(&video_->metadata, source->metadata, 0);
        av_dict_set(&video_->metadata, "encoder", nullptr, 0);
        if (const auto* matrix = clip_.display_matrix()) {
            auto* copy = av_stream_new_side_data(video_, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t));
            if (copy == nullptr) throw std::bad_alloc{};
            std::memcpy(copy, matrix, 9 * sizeof(std::int32_t));
        }
        for (const auto* track : clip_.audio()) {
            auto* copy = avformat_new_stream(output_.get(), nullptr);
            check(avcodec_parameters_copy(copy->codecpar, track->codecpar), "describe a sound track");
            copy->codecpar->codec_tag = 0;
            copy->time_base = track->time_base;
            copy->disposition = track->disposition;
            av_dict_copy(&copy->metadata, track->metadata, 0);
        }
    }

    void write_header() {
        AVDictionary* options = nullptr;
        av_dict_set(&options, "movflags", "use_metadata_tags+faststart", 0);  // without the first, Apple's keys are dropped
        const auto base = clip_.video()->time_base;
        if (base.num == 1) av_dict_set_int(&options, "video_track_timescale", base.den, 0);
        const int written = avformat_write_header(output_.get(), &options);
        av_dict_free(&options);
        checked(written, "begin the small copy");
    }

    AVFrame* scaled(AVFrame* frame) {
        frame->pict_type = AV_PICTURE_TYPE_NONE;
        if (frame->format == AV_PIX_FMT_YUVJ420P) frame->format = AV_PIX_FMT_YUV420P;  // the same bytes; the range is said by color_range
        if (frame->width == size_.width && frame->height == size_.height) return frame;
        scaler_.reset(sws_getCachedContext(scaler_.release(), frame->width, frame->height, static_cast<AVPixelFormat>(frame->format), size_.width,
                                           size_.height, encoder_->pix_fmt, SWS_LANCZOS, nullptr, nullptr, nullptr));
        av_frame_unref(small_.get());
        small_->format = encoder_->pix_fmt;
        small_->width = size_.width;
        small_->height = size_.height;
        check(av_frame_get_buffer(small_.get(), 0), "get memory for a frame");
        check(av_frame_copy_props(small_.get(), frame), "copy a frame's properties");
        sws_scale(scaler_.get(), frame->data, frame->linesize, 0, frame->height, small_->data, small_->linesize);
        return small_.get();
    }

    void encode(const AVFrame* frame) {
        check(avcodec_send_frame(encoder_.get(), frame), "encode a frame");
        for (;;) {
            const int got = avcodec_receive_packet(encoder_.get(), packet_.get());
            alive();  // at the end an encoder may hold a hundred frames back
            if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
            check(got, "encode a frame");
            packet_->stream_index = video_->index;
            av_packet_rescale_ts(packet_.get(), encoder_->time_base, video_->time_base);
            checked(av_interleaved_write_frame(output_.get(), packet_.get()), "write a frame");
        }
    }

    void copy_audio(const AVPacket* packet) {
        const auto found = std::ranges::find(clip_.audio(), packet->stream_index, &AVStream::index);
        const auto* source = *found;
        auto* target = output_->streams[1 + (found - clip_.audio().begin())];
        check(av_packet_ref(audio_packet_.get(), packet), "copy sound");
        audio_packet_->stream_index = target->index;
        av_packet_rescale_ts(audio_packet_.get(), source->time_base, target->time_base);
        audio_packet_->pos = -1;
        checked(av_interleaved_write_frame(output_.get(), audio_packet_.get()), "write sound");
    }

    av::Clip& clip_;
    const config::VideoTier& tier_;
    int file_;
    EncoderChoice choice_;
    Size size_;
    av::WritingIo io_;
    std::optional<av::ReadingIo> second_;
    av::Output output_;
    av::Codec encoder_;
    AVStream* video_ = nullptr;
    av::Frame small_ = av::new_frame();
    av::Packet packet_ = av::new_packet();
    av::Packet audio_packet_ = av::new_packet();
    av::Scaler scaler_;
};

}  // namespace

void craft::prepare() { av_log_set_level(AV_LOG_ERROR); }

std::string craft::library() { return std::string("FFmpeg ") + av_version_info(); }

Compressed craft::make(const Order& order) {
    OriginalBytes bytes{order};
    const av::ByteSource source{bytes.size(), [&](std::uint64_t offset, char* to, std::size_t most) { return bytes.read_at(offset, to, most); }};
    {
        av::Clip clip{source};
        if (const auto why = unsuited(clip, order.video)) return *why;
        clip.listen();
        if (!Transcoding{clip, order}.run(order.size.count)) return keep("compress.not_worth_it", "the small copy would not be smaller");
    }
    const double likeness = check_video(source, av::file_source(order.result));
    return {std::nullopt, "", order.video.codec + " crf " + std::to_string(order.video.quality) + " " + order.video.preset, likeness, library()};
}

}  // namespace mediaferry::stages
