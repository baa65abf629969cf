#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A clip made again: new pictures, everything else as it was.

#include <optional>

#include "stages/compress/codec/video/encoder.h"

namespace mediaferry::stages {

class Transcoding {
public:
    /// Into the empty file behind `file`. The clip must be at its beginning.
    Transcoding(av::Clip& clip, const Look&, const config::VideoTier&, double crf, const std::string& container, const mov::Header& original,
                int file);

    /// False: given up because it grew past `limit` bytes. The file is fsynced.
    bool run(std::uint64_t limit);

private:
    int checked(int result, const std::string& doing) const;
    void open_output(const std::string& container);
    void add_tracks();
    AVStream* add_video(const AVStream* source);
    void write_header();
    void restore_dates();
    void copy_sound(const AVPacket*);

    av::Clip& clip_;
    const Look& look_;
    const config::VideoTier& tier_;
    const mov::Header& original_;
    int file_;
    av::WritingIo io_;
    std::optional<av::ReadingIo> second_;
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

/// Keys of the container's metadata that a muxer writes itself and that say nothing about the photo.
bool is_muxer_key(const char* key);

}  // namespace mediaferry::stages
