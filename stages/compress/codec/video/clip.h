#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A clip opened for reading: its tracks, its decoded frames in order, its audio packets as they are.

#include <functional>
#include <map>
#include <vector>

#include "stages/compress/codec/video/av_handles.h"
#include "stages/compress/codec/video/av_io.h"

namespace mediaferry::stages::av {

class Clip {
public:
    /// Only MOV/MP4: a playlist in disguise opens nothing. Throws BadInput ("video.broken", "video.container").
    explicit Clip(ByteSource);

    AVFormatContext* format() const { return input_.get(); }
    AVStream* video() const { return video_; }
    const std::vector<AVStream*>& audio() const { return audio_; }
    /// Further tracks with pictures: a second view, a cover.
    int other_pictures() const { return other_pictures_; }
    /// Pictures that are stored but, by the clip's edit list, not shown.
    bool hides_pictures() const;
    AVCodecContext* decoder() const { return decoder_.get(); }
    /// 9 numbers of the display matrix (rotation), or nullptr.
    const std::int32_t* display_matrix() const;
    /// How its Dolby Vision is to be shown; nullptr: it has none.
    const AVDOVIDecoderConfigurationRecord* dolby_vision() const;
    /// Pictures decoded so far.
    std::uint64_t frames() const { return frames_; }
    double seconds() const;

    /// Goes on with the last key picture before that second.
    void seek(double second);

    /// From now on the sound is decoded too, to hear whether it is whole: what is copied bit by bit would carry its damage on unnoticed.
    void listen();

    /// The next decoded frame of the video track, its pts in the track's time base; nullptr at the end. Audio packets met on the way go to
    /// `on_audio`. Any decoding error throws.
    AVFrame* next_frame(const std::function<void(AVPacket*)>& on_audio = {});

private:
    /// Of a call to libav; what went wrong in our own reading comes first.
    int checked(int result, const std::string& doing) const {
        io_.rethrow();
        return check(result, doing);
    }
    Input open();
    void hear(const AVPacket*);

    ReadingIo io_;
    Input input_;
    AVStream* video_ = nullptr;
    std::vector<AVStream*> audio_;
    int other_pictures_ = 0;
    std::uint64_t frames_ = 0;
    Codec decoder_;
    std::map<int, Codec> ears_;  ///< decoders of the sound tracks, by stream
    Frame heard_ = new_frame();
    Frame frame_ = new_frame();
    Packet packet_ = new_packet();
    bool flushing_ = false;
};

}  // namespace mediaferry::stages::av
