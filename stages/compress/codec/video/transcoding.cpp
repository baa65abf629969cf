// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/transcoding.h"

#include <cstring>

namespace mediaferry::stages {

using av::check;

std::string does_not_fit(const av::Clip& clip, const Look& look, const config::VideoTier& tier, const std::string& container) {
    AVFormatContext* raw = nullptr;
    check(avformat_alloc_output_context2(&raw, nullptr, container.c_str(), ""), "set up the container");
    const av::Output output{raw};
    const av::Io nowhere{avio_alloc_context(nullptr, 0, 1, nullptr, nullptr, nullptr, nullptr)};  // the muxer looks at it, and writes nothing yet
    if (!nowhere) throw std::bad_alloc{};
    nowhere->seekable = AVIO_SEEKABLE_NORMAL;
    raw->pb = nowhere.get();
    const auto refused = [&](const AVCodecParameters& track) {
        return avformat_query_codec(raw->oformat, track.codec_id, FF_COMPLIANCE_NORMAL) != 1;
    };
    auto* video = avformat_new_stream(raw, nullptr);
    if (video == nullptr) throw std::bad_alloc{};
    video->codecpar->codec_type = AVMEDIA_TYPE_VIDEO;
    video->codecpar->codec_id = Encoder::codec(tier);
    video->codecpar->width = look.target.width;
    video->codecpar->height = look.target.height;
    video->time_base = look.time_base;
    for (const auto* track : clip.audio()) {
        auto* copy = avformat_new_stream(raw, nullptr);
        if (copy == nullptr) throw std::bad_alloc{};
        check(avcodec_parameters_copy(copy->codecpar, track->codecpar), "describe a sound track");
        copy->codecpar->codec_tag = 0;
        if (refused(*copy->codecpar)) return std::string(avcodec_get_name(track->codecpar->codec_id)) + " sound";
    }
    if (refused(*video->codecpar) || avformat_init_output(raw, nullptr) < 0) return tier.codec;
    return "";
}

Transcoding::Transcoding(av::Clip& clip, const Look& look, const config::VideoTier& tier, double crf, const std::string& container,
                         std::uint32_t timescale, int file)
    : clip_(clip), look_(look), tier_(tier), io_(file), encoder_(look, tier, crf, true), resizer_(look.target, look.format) {
    open_output(container);
    add_tracks();
    write_header(timescale);
}

int Transcoding::checked(int result, const std::string& doing) const {
    io_.rethrow();
    return check(result, doing);
}

void Transcoding::open_output(const std::string& container) {
    AVFormatContext* raw = nullptr;
    check(avformat_alloc_output_context2(&raw, nullptr, container.c_str(), ""), "set up the container");
    output_.reset(raw);
    output_->pb = io_.get();
    output_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
}

AVStream* Transcoding::add_video(const AVStream* source) {
    auto* stream = avformat_new_stream(output_.get(), nullptr);
    if (stream == nullptr) throw std::bad_alloc{};
    check(avcodec_parameters_from_context(stream->codecpar, encoder_.context()), "describe the video track");
    stream->codecpar->codec_tag = Encoder::tag(tier_);
    const auto attach = [&](AVPacketSideDataType type, const void* data, std::size_t size) {
        auto* copy = av_stream_new_side_data(stream, type, size);
        if (copy == nullptr) throw std::bad_alloc{};
        std::memcpy(copy, data, size);
    };
    if (look_.mastering) attach(AV_PKT_DATA_MASTERING_DISPLAY_METADATA, &*look_.mastering, sizeof *look_.mastering);
    if (look_.light) attach(AV_PKT_DATA_CONTENT_LIGHT_LEVEL, &*look_.light, sizeof *look_.light);
    stream->avg_frame_rate = source->avg_frame_rate;
    return stream;
}

void Transcoding::add_tracks() {
    for (unsigned i = 0; i < clip_.format()->nb_streams; ++i) {
        const auto* source = clip_.format()->streams[i];
        AVStream* target = nullptr;
        if (source == clip_.video()) {
            target = video_ = add_video(source);
        } else if (source->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
            target = avformat_new_stream(output_.get(), nullptr);
            if (target == nullptr) throw std::bad_alloc{};
            check(avcodec_parameters_copy(target->codecpar, source->codecpar), "describe a sound track");
            target->codecpar->codec_tag = 0;
        } else {
            continue;
        }
        target->time_base = source->time_base;
        target->id = source->id;
        targets_[source->index] = target;
    }
}

void Transcoding::write_header(std::uint32_t timescale) {
    AVDictionary* options = nullptr;
    av_dict_set_int(&options, "use_stream_ids_as_track_ids", 1, 0);  // tracks refer to each other by number
    av_dict_set_int(&options, "write_tmcd", 0, 0);                   // carried as it is
    av_dict_set_int(&options, "movie_timescale", timescale, 0);
    if (look_.time_base.num == 1) av_dict_set_int(&options, "video_track_timescale", look_.time_base.den, 0);
    const int written = avformat_write_header(output_.get(), &options);
    av_dict_free(&options);
    checked(written, "begin the small copy");
}

bool Transcoding::run(std::uint64_t limit) {
    const auto sink = [&](AVPacket* packet) {
        packet->stream_index = video_->index;
        av_packet_rescale_ts(packet, look_.time_base, video_->time_base);
        checked(av_interleaved_write_frame(output_.get(), packet), "write a frame");
    };
    while (auto* frame = clip_.next_frame([&](AVPacket* packet) { copy_sound(packet); })) {
        encoder_.put(resizer_.of(frame), sink);
        if (static_cast<std::uint64_t>(avio_tell(output_->pb)) > limit) return false;
    }
    encoder_.put(nullptr, sink);
    checked(av_write_trailer(output_.get()), "finish the small copy");
    avio_flush(io_.get());
    checked(io_.get()->error, "finish the small copy");
    return true;
}

void Transcoding::copy_sound(const AVPacket* packet) {
    const auto* source = clip_.format()->streams[packet->stream_index];
    auto* target = targets_.at(packet->stream_index);
    check(av_packet_ref(sound_.get(), packet), "copy sound");
    sound_->stream_index = target->index;
    av_packet_rescale_ts(sound_.get(), source->time_base, target->time_base);
    sound_->pos = -1;
    checked(av_interleaved_write_frame(output_.get(), sound_.get()), "write sound");
}

}  // namespace mediaferry::stages
