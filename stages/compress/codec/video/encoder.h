#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The encoder of a tier: pictures in, packets out, every time stamp as it is.

#include "stages/compress/codec/video/suited.h"

namespace mediaferry::stages {

/// To another size; the identity when it is the same.
class Resizer {
public:
    Resizer(Size target, AVPixelFormat format) : target_(target), format_(format) {}
    AVFrame* of(AVFrame*);

private:
    Size target_;
    AVPixelFormat format_;
    av::Frame small_ = av::new_frame();
    av::Scaler scaler_;
};

class Encoder {
public:
    /// Throws NeedsPerson ("compress.encoder") when this FFmpeg has no such encoder.
    Encoder(const Look&, const config::VideoTier&, double crf, bool global_header);
    ~Encoder();
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    /// nullptr: no more will come. Each packet that is ready goes to `sink`.
    void put(const AVFrame*, const std::function<void(AVPacket*)>& sink);
    AVCodecContext* context() const { return encoder_.get(); }
    /// Of the sample description; 0: the muxer's own.
    static std::uint32_t tag(const config::VideoTier&);
    static AVCodecID codec(const config::VideoTier&);

private:
    av::Codec encoder_;
    bool finished_ = false;
    av::Packet packet_ = av::new_packet();
};

/// "26", "26.5"
std::string crf_text(double crf);

}  // namespace mediaferry::stages
