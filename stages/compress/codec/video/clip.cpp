// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/clip.h"

#include <algorithm>

#include "stages/compress/codec/voice.h"

namespace mediaferry::stages::av {
namespace {

constexpr std::int64_t kMostPixels = 75'000'000;

Codec open_decoder(const AVStream* stream) {
    const auto* codec = avcodec_find_decoder(stream->codecpar->codec_id);
    if (codec == nullptr) throw BadInput{"video.codec", "no decoder for one of its tracks"};
    Codec decoder{avcodec_alloc_context3(codec)};
    if (!decoder) throw std::bad_alloc{};
    check(avcodec_parameters_to_context(decoder.get(), stream->codecpar), "set up the decoder");
    decoder->pkt_timebase = stream->time_base;
    decoder->thread_count = 1;  // processes, not threads, run side by side
    decoder->max_pixels = kMostPixels;
    decoder->err_recognition = AV_EF_CRCCHECK | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_EXPLODE;
    check(avcodec_open2(decoder.get(), codec, nullptr), "open the decoder");
    return decoder;
}

}  // namespace

Input Clip::open() {
    AVDictionary* options = nullptr;
    av_dict_set(&options, "format_whitelist", "mov,mp4,m4a,3gp,3g2,mj2", 0);
    av_dict_set(&options, "protocol_whitelist", "", 0);  // nothing that the file may refer to is opened
    av_dict_set(&options, "max_streams", "32", 0);
    AVFormatContext* raw = avformat_alloc_context();
    if (raw == nullptr) throw std::bad_alloc{};
    raw->pb = io_.get();
    const int result = avformat_open_input(&raw, "", nullptr, &options);  // frees it when it fails
    av_dict_free(&options);
    io_.rethrow();
    if (result == AVERROR_INVALIDDATA) throw BadInput{"video.container", "not a MOV or MP4 file, or a broken one"};
    check(result, "open the clip");
    Input input{raw};
    checked(avformat_find_stream_info(raw, nullptr), "read its tracks");
    return input;
}

Clip::Clip(ByteSource source) : io_(std::move(source)), input_(open()) {
    for (unsigned i = 0; i < input_->nb_streams; ++i) {
        auto* stream = input_->streams[i];
        const bool picture = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
        if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !picture && video_ == nullptr)
            video_ = stream;
        else if (stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
            audio_.push_back(stream);
        else if (stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO)
            ++other_pictures_;
    }
    if (video_ == nullptr) throw BadInput{"video.no_video", "it has no video track"};
    decoder_ = open_decoder(video_);
}

const std::int32_t* Clip::display_matrix() const {
    std::size_t size = 0;
    const auto* data = av_stream_get_side_data(video_, AV_PKT_DATA_DISPLAYMATRIX, &size);
    return size >= 9 * sizeof(std::int32_t) ? reinterpret_cast<const std::int32_t*>(data) : nullptr;
}

bool Clip::hides_pictures() const {
    for (int i = 0; i < avformat_index_get_entries_count(video_); ++i)
        if ((avformat_index_get_entry(video_, i)->flags & AVINDEX_DISCARD_FRAME) != 0) return true;
    return false;
}

double Clip::seconds() const {
    if (video_->duration != AV_NOPTS_VALUE) return static_cast<double>(video_->duration) * av_q2d(video_->time_base);
    return static_cast<double>(std::max<std::int64_t>(0, input_->duration)) / AV_TIME_BASE;
}

void Clip::seek(double second) {
    auto at = static_cast<std::int64_t>(second / av_q2d(video_->time_base));
    if (video_->start_time != AV_NOPTS_VALUE) at += video_->start_time;
    checked(av_seek_frame(input_.get(), video_->index, at, AVSEEK_FLAG_BACKWARD), "find a key picture");
    avcodec_flush_buffers(decoder_.get());
    flushing_ = false;
}

const AVDOVIDecoderConfigurationRecord* Clip::dolby_vision() const {
    std::size_t size = 0;
    const auto* data = av_stream_get_side_data(video_, AV_PKT_DATA_DOVI_CONF, &size);
    return size >= sizeof(AVDOVIDecoderConfigurationRecord) ? reinterpret_cast<const AVDOVIDecoderConfigurationRecord*>(data) : nullptr;
}

void Clip::listen() {
    for (auto* track : audio_)
        if (avcodec_find_decoder(track->codecpar->codec_id) != nullptr) ears_.emplace(track->index, open_decoder(track));
}

void Clip::hear(const AVPacket* packet) {
    const auto ear = ears_.find(packet->stream_index);
    if (ear == ears_.end()) return;
    check(avcodec_send_packet(ear->second.get(), packet), "decode its sound");
    for (;;) {
        const int got = avcodec_receive_frame(ear->second.get(), heard_.get());
        if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
        check(got, "decode its sound");
    }
}

AVFrame* Clip::next_frame(const std::function<void(AVPacket*)>& on_audio) {
    for (;;) {
        alive();
        const int got = avcodec_receive_frame(decoder_.get(), frame_.get());
        if (got == 0) {
            frame_->pts = frame_->best_effort_timestamp;
            ++frames_;
            return frame_.get();
        }
        if (got == AVERROR_EOF) return nullptr;
        if (got != AVERROR(EAGAIN)) check(got, "decode a frame");
        if (flushing_) return nullptr;
        const int read = av_read_frame(input_.get(), packet_.get());
        io_.rethrow();
        if (read == AVERROR_EOF) {
            check(avcodec_send_packet(decoder_.get(), nullptr), "finish decoding");
            flushing_ = true;
            continue;
        }
        check(read, "read a packet");
        // libav hands out what there is of a packet that reaches past the end.
        if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) throw BadInput{"video.broken", "a piece of it is cut short"};
        auto* stream = input_->streams[packet_->stream_index];
        if (stream == video_)
            check(avcodec_send_packet(decoder_.get(), packet_.get()), "decode a packet");
        else if (on_audio && stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
            hear(packet_.get());
            on_audio(packet_.get());
        }
        av_packet_unref(packet_.get());
    }
}

}  // namespace mediaferry::stages::av
