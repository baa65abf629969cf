#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A clip made again: new pictures, the same sound. What else a clip says is put around them by mov::finish().

#include "stages/compress/codec/video/encoder.h"

namespace mediaferry::stages {

class Transcoding {
public:
    /// Into the empty file behind `file`: the index last, tracks numbered as in the original, the movie's clock with `timescale` ticks a second. The
    /// clip must be at its beginning.
    Transcoding(av::Clip& clip, const Look&, const config::VideoTier&, double crf, const std::string& container, std::uint32_t timescale, int file);

    /// False: given up because it grew past `limit` bytes.
    bool run(std::uint64_t limit);

private:
    int checked(int result, const std::string& doing) const;
    void open_output(const std::string& container);
    void add_tracks();
    AVStream* add_video(const AVStream* source);
    void write_header(std::uint32_t timescale);
    void copy_sound(const AVPacket*);

    av::Clip& clip_;
    const Look& look_;
    const config::VideoTier& tier_;
    av::WritingIo io_;
    av::Output output_;
    Encoder encoder_;
    Resizer resizer_;
    AVStream* video_ = nullptr;
    std::map<int, AVStream*> targets_;  ///< by the source's stream
    av::Packet sound_ = av::new_packet();
};

/// Why FFmpeg's muxer would not take the small copy's tracks; "" when it does. Asked of the muxer itself before an encoder is opened (what
/// avformat_query_codec says is not what the muxer does): SVT-AV1 never ends after a header that could not be written.
std::string does_not_fit(const av::Clip&, const Look&, const config::VideoTier&, const std::string& container);

}  // namespace mediaferry::stages
