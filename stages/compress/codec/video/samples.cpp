// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/samples.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "stages/compress/codec/video/encoder.h"
#include "stages/compress/codec/video/luma.h"

namespace mediaferry::stages {
namespace {

using av::check;

constexpr double kPiece = 2.0;  // seconds
constexpr int kPieces = 3;
constexpr double kShare = 1.0 / 8;

struct FreeParameters {
    void operator()(AVCodecParameters* parameters) const { avcodec_parameters_free(&parameters); }
};

/// Encoded pieces, and how to decode them.
struct Encoded {
    std::unique_ptr<AVCodecParameters, FreeParameters> parameters{avcodec_parameters_alloc()};
    std::vector<av::Packet> packets;
    std::uint64_t bytes = 0;
    double seconds = 0;
};

/// The pictures of all pieces, one piece after the other without gaps; what they last in seconds.
double each_picture(av::Clip& clip, const std::vector<Span>& spans, const Look& look, const std::function<void(AVFrame*, bool begins)>& visit) {
    const double tick = av_q2d(look.time_base);
    const auto usual = std::max<std::int64_t>(1, look.frame_rate.num > 0 ? std::llround(1 / (av_q2d(look.frame_rate) * tick)) : 1);
    std::int64_t next = 0;
    for (const auto& span : spans) {
        clip.seek(span.from);
        std::int64_t first = AV_NOPTS_VALUE, last = next;
        while (auto* frame = clip.next_frame()) {
            const bool begins = first == AV_NOPTS_VALUE;
            if (begins) first = frame->pts;
            if (static_cast<double>(frame->pts - first) * tick >= span.length) break;
            frame->pts = last = next + (frame->pts - first);
            visit(frame, begins);
        }
        if (first != AV_NOPTS_VALUE) next = last + usual;
    }
    return static_cast<double>(next) * tick;
}

Encoded encoded(av::Clip& clip, const std::vector<Span>& spans, const Look& look, const config::VideoTier& tier, double crf) {
    Encoded result;
    if (!result.parameters) throw std::bad_alloc{};
    Encoder encoder{look, tier, crf, true};
    check(avcodec_parameters_from_context(result.parameters.get(), encoder.context()), "set up the decoder");
    Resizer resizer{look.target, look.format};
    const auto sink = [&](AVPacket* packet) {
        result.bytes += static_cast<std::uint64_t>(packet->size);
        result.packets.push_back(av::new_packet());
        av_packet_move_ref(result.packets.back().get(), packet);
    };
    result.seconds = each_picture(clip, spans, look, [&](AVFrame* frame, bool begins) {
        auto* small = resizer.of(frame);
        if (begins) small->pict_type = AV_PICTURE_TYPE_I;
        encoder.put(small, sink);
    });
    encoder.put(nullptr, sink);
    return result;
}

/// Decodes what an encoder gave, picture by picture.
class Decoded {
public:
    explicit Decoded(const Encoded& from, AVRational time_base) : from_(from) {
        const auto* codec = avcodec_find_decoder(from.parameters->codec_id);
        if (codec == nullptr)
            throw NeedsPerson{"compress.encoder", "this FFmpeg cannot decode what it encodes; choose another codec in compress.tiers"};
        decoder_.reset(avcodec_alloc_context3(codec));
        if (!decoder_) throw std::bad_alloc{};
        check(avcodec_parameters_to_context(decoder_.get(), from.parameters.get()), "set up the decoder");
        decoder_->pkt_timebase = time_base;
        decoder_->thread_count = 1;
        check(avcodec_open2(decoder_.get(), codec, nullptr), "open the decoder");
    }

    /// The picture of this time; nullptr: there is none.
    const AVFrame* at(std::int64_t time) {
        while (more_ && time_ < time) more_ = next();
        return more_ && time_ == time ? frame_.get() : nullptr;
    }

private:
    bool next() {
        for (;;) {
            const int got = avcodec_receive_frame(decoder_.get(), frame_.get());
            if (got == 0) {
                time_ = frame_->pts;
                return true;
            }
            if (got != AVERROR(EAGAIN) || sent_ > from_.packets.size()) return false;
            const auto* packet = sent_ < from_.packets.size() ? from_.packets[sent_].get() : nullptr;
            ++sent_;
            check(avcodec_send_packet(decoder_.get(), packet), "decode a sample");
        }
    }

    const Encoded& from_;
    av::Codec decoder_;
    av::Frame frame_ = av::new_frame();
    std::size_t sent_ = 0;
    std::int64_t time_ = INT64_MIN;
    bool more_ = true;
};

}  // namespace

std::vector<Span> spans_of(double seconds, double shortest) {
    const double sum = std::clamp(seconds * kShare, shortest, kPiece * kPieces);
    if (seconds <= sum) return {{0, seconds + 1}};
    const int pieces = std::clamp(static_cast<int>(sum / shortest), 1, kPieces);
    std::vector<Span> spans;
    for (int i = 0; i < pieces; ++i) spans.push_back({(seconds - sum / pieces) * (2 * i + 1) / (2 * pieces), sum / pieces});
    return spans;
}

Probe probe(av::Clip& clip, const std::vector<Span>& spans, const Look& look, const config::VideoTier& tier, double crf) {
    // Encoded first and compared afterwards, for one more look at the pieces: no picture waits in memory while the encoder holds its own.
    const auto pieces = encoded(clip, spans, look, tier, crf);
    Probe result{{}, pieces.bytes, pieces.seconds};
    Decoded made{pieces, look.time_base};
    LumaScaler scaler{look};
    Ssim ssim;
    each_picture(clip, spans, look, [&](AVFrame* frame, bool) {
        if (const auto* small = made.at(frame->pts)) result.ssims.push_back(ssim.of(scaler.of(frame), luma_of(small)).ssim);
    });
    if (result.ssims.empty()) throw BadInput{"video.broken", "none of its pictures can be decoded"};
    return result;
}

}  // namespace mediaferry::stages
