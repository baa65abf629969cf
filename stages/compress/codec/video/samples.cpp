// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/samples.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "stages/compress/codec/video/encoder.h"
#include "stages/compress/codec/video/luma.h"

namespace mediaferry::stages {
namespace {

using av::check;

constexpr double kPiece = 2.0;
constexpr int kPieces = 3;

/// Decodes what the encoder gives and holds it against what it was given.
class Comparison {
public:
    Comparison(const AVCodecContext* encoder, const Look& look) : look_(look) {
        const auto* codec = avcodec_find_decoder(encoder->codec_id);
        if (codec == nullptr)
            throw NeedsPerson{"compress.encoder", "this FFmpeg cannot decode what it encodes; choose another codec in compress.tiers"};
        decoder_.reset(avcodec_alloc_context3(codec));
        if (!decoder_) throw std::bad_alloc{};
        AVCodecParameters* parameters = avcodec_parameters_alloc();
        if (parameters == nullptr) throw std::bad_alloc{};
        int result = avcodec_parameters_from_context(parameters, encoder);
        if (result >= 0) result = avcodec_parameters_to_context(decoder_.get(), parameters);
        avcodec_parameters_free(&parameters);
        check(result, "set up the decoder");
        decoder_->pkt_timebase = encoder->time_base;
        decoder_->thread_count = 1;
        check(avcodec_open2(decoder_.get(), codec, nullptr), "open the decoder");
    }

    void expect(const AVFrame* frame) {
        const auto plane = luma_of(frame);
        const auto row = static_cast<std::size_t>(plane.width) * (plane.bits == 8 ? 1 : 2);
        std::vector<std::uint8_t> luma(row * static_cast<std::size_t>(plane.height));
        for (int y = 0; y < plane.height; ++y) std::memcpy(luma.data() + static_cast<std::size_t>(y) * row, plane.data + y * plane.stride, row);
        waiting_.emplace(frame->pts, std::move(luma));
    }

    void take(const AVPacket* packet) {
        check(avcodec_send_packet(decoder_.get(), packet), "decode a sample");
        while (avcodec_receive_frame(decoder_.get(), frame_.get()) >= 0) {
            const auto original = waiting_.find(frame_->pts);
            if (original == waiting_.end()) continue;
            const auto made = luma_of(frame_.get());
            const auto stride = static_cast<std::ptrdiff_t>(original->second.size() / static_cast<std::size_t>(look_.target.height));
            ssims.push_back(ssim_.of({original->second.data(), stride, made.width, made.height, made.bits}, made).ssim);
            waiting_.erase(original);
        }
    }

    std::vector<double> ssims;

private:
    const Look& look_;
    av::Codec decoder_;
    av::Frame frame_ = av::new_frame();
    std::map<std::int64_t, std::vector<std::uint8_t>> waiting_;
    Ssim ssim_;
};

}  // namespace

std::vector<Span> spans_of(double seconds) {
    const double sum = std::min(kPiece * kPieces, std::max(1.0, seconds / 5));
    if (seconds <= sum) return {{0, seconds + 1}};
    const int pieces = std::clamp(static_cast<int>(sum / 0.6), 1, kPieces);
    std::vector<Span> spans;
    for (int i = 0; i < pieces; ++i) spans.push_back({(seconds - sum / pieces) * (2 * i + 1) / (2 * pieces), sum / pieces});
    return spans;
}

Probe probe(av::Clip& clip, const std::vector<Span>& spans, const Look& look, const config::VideoTier& tier, double crf) {
    Encoder encoder{look, tier, crf, true};
    Comparison comparison{encoder.context(), look};
    Resizer resizer{look.target, look.format};
    Probe result;
    const auto sink = [&](AVPacket* packet) {
        result.bytes += static_cast<std::uint64_t>(packet->size);
        comparison.take(packet);
    };
    const double tick = av_q2d(look.time_base);
    const auto usual = std::max<std::int64_t>(1, look.frame_rate.num > 0 ? std::llround(1 / (av_q2d(look.frame_rate) * tick)) : 1);
    std::int64_t next = 0;  // the pieces are put together without gaps
    for (const auto& span : spans) {
        clip.seek(span.from);
        std::int64_t first = AV_NOPTS_VALUE, last = 0;
        while (auto* frame = clip.next_frame()) {
            const bool begins = first == AV_NOPTS_VALUE;
            if (begins) first = frame->pts;
            if (static_cast<double>(frame->pts - first) * tick >= span.length) break;
            auto* small = resizer.of(frame);
            small->pts = last = next + (frame->pts - first);
            if (begins) small->pict_type = AV_PICTURE_TYPE_I;
            comparison.expect(small);
            encoder.put(small, sink);
        }
        if (first == AV_NOPTS_VALUE) continue;
        result.seconds += static_cast<double>(last + usual - next) * tick;
        next = last + usual;
    }
    encoder.put(nullptr, sink);
    comparison.take(nullptr);
    result.ssims = std::move(comparison.ssims);
    if (result.ssims.empty()) throw BadInput{"video.broken", "none of its pictures can be decoded"};
    return result;
}

}  // namespace mediaferry::stages
