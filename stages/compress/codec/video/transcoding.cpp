// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/transcoding.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "stages/compress/codec/result_file.h"

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

bool is_muxer_key(const char* key) {
    static constexpr std::array<std::string_view, 4> kKeys{"major_brand", "minor_version", "compatible_brands", "encoder"};
    return std::ranges::find(kKeys, key) != kKeys.end();
}

Transcoding::Transcoding(av::Clip& clip, const Look& look, const config::VideoTier& tier, double crf, const std::string& container,
                         const mov::Header& original, int file)
    : clip_(clip),
      look_(look),
      tier_(tier),
      original_(original),
      file_(file),
      io_(file),
      encoder_(look, tier, crf, true),
      resizer_(look.target, look.format) {
    open_output(container);
    add_tracks();
    write_header();
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
    if (const auto* matrix = clip_.display_matrix()) attach(AV_PKT_DATA_DISPLAYMATRIX, matrix, 9 * sizeof(std::int32_t));
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
        target->disposition = source->disposition;
        av_dict_copy(&target->metadata, source->metadata, 0);
        av_dict_set(&target->metadata, "encoder", nullptr, 0);
        targets_[source->index] = target;
    }
}

void Transcoding::write_header() {
    AVDictionary* options = nullptr;
    av_dict_set(&options, "movflags", "use_metadata_tags+faststart", 0);  // without the first, Apple's keys are dropped
    av_dict_set_int(&options, "movie_timescale", original_.timescale, 0);
    if (look_.time_base.num == 1) av_dict_set_int(&options, "video_track_timescale", look_.time_base.den, 0);
    const int written = avformat_write_header(output_.get(), &options);
    av_dict_free(&options);
    checked(written, "begin the small copy");
    // At the end the muxer would write it as a key, too, that no camera writes; restore_dates() puts it where it belongs.
    av_dict_set(&output_->metadata, "creation_time", nullptr, 0);
}

/// The movie's dates of creation and change, as they are in the original.
void Transcoding::restore_dates() {
    const auto* given = original_.movie.moov.find("mvhd");
    const auto movie = mov::read_movie(av::file_source(file_));
    const auto moov = std::ranges::find(movie.pieces, "moov", &mov::Piece::type);
    const bool wide = mov::number(given->payload, 0, 1) == 1;
    if (movie.moov.boxes.empty() || movie.moov.boxes[0].type != "mvhd" || mov::number(movie.moov.boxes[0].payload, 0, 1) != 0)
        throw TransientError{"video.check", "the small copy differs: its index begins otherwise than expected"};
    std::string dates;
    for (const std::size_t at : {0U, 1U}) mov::add_number(dates, 4, mov::number(given->payload, wide ? 4 + 8 * at : 4 + 4 * at, wide ? 8 : 4));
    write_at(file_, moov->at + moov->header + 8 + 4, dates);
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
    restore_dates();
    sync(file_);
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
