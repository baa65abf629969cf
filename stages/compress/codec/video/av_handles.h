#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// libav's objects, owned.

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/imgutils.h>
#include <libavutil/mastering_display_metadata.h>
#include <libavutil/opt.h>
#include <libavutil/parseutils.h>
#include <libswscale/swscale.h>
}

#include <array>
#include <memory>
#include <string>

#include "common/errors/errors.h"

namespace mediaferry::stages::av {

struct InputClose {
    void operator()(AVFormatContext* input) const { avformat_close_input(&input); }
};
struct OutputClose {  // its pb is ours
    void operator()(AVFormatContext* output) const { avformat_free_context(output); }
};
struct CodecFree {
    void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
};
struct FrameFree {
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct PacketFree {
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct ScalerFree {
    void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

using Input = std::unique_ptr<AVFormatContext, InputClose>;
using Output = std::unique_ptr<AVFormatContext, OutputClose>;
using Codec = std::unique_ptr<AVCodecContext, CodecFree>;
using Frame = std::unique_ptr<AVFrame, FrameFree>;
using Packet = std::unique_ptr<AVPacket, PacketFree>;
using Scaler = std::unique_ptr<SwsContext, ScalerFree>;

inline Frame new_frame() {
    Frame frame{av_frame_alloc()};
    if (!frame) throw std::bad_alloc{};
    return frame;
}
inline Packet new_packet() {
    Packet packet{av_packet_alloc()};
    if (!packet) throw std::bad_alloc{};
    return packet;
}

/// Throws BadInput ("video.broken") with libav's words when `result` is an error; returns it otherwise.
inline int check(int result, const std::string& doing) {
    if (result >= 0) return result;
    std::array<char, AV_ERROR_MAX_STRING_SIZE> words{};
    av_strerror(result, words.data(), words.size());
    throw BadInput{"video.broken", "cannot " + doing + ": " + words.data()};
}

}  // namespace mediaferry::stages::av
