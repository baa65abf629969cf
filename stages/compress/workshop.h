#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Where small copies are made: one codec program for each file, behind walls (codec/walls.h), with a deadline. Whatever a file does to it, only that
// program ends; the file keeps its bytes, with the reason, and the next one goes on.

#include <functional>

#include "common/config/settings.h"
#include "common/types/fs.h"
#include "stages/compress/order.h"

namespace mediaferry::stages {

class Workshop {
public:
    explicit Workshop(const config::Compress&);

    /// Starts each codec program once, has it close its walls and try them. Throws Unavailable: "compress.codec" when one does not start,
    /// "compress.confine" when compress.confine is `required` and a wall is missing. What is missing otherwise is logged.
    void look_around() const;

    /// Makes the small copy of `original` in the new file `result`, fsynced, decoded again from there and compared with the original; when the
    /// answer is `kept` there is no such file. A codec that crashes, hangs or eats too much is an answer: kept, codec.crashed, codec.deadline, ….
    /// Throws TransientError, NeedsPerson, Interrupted (`stop` said so), Unavailable.
    Compressed make(const Order&, const fs::path& original, const fs::path& result, const std::function<bool()>& stop) const;
    /// Has the original and the small copy of it shown side by side in the new file `picture`, a PNG. The rest as make().
    Compressed look(const Order&, const fs::path& original, const fs::path& small, const fs::path& picture, const std::function<bool()>& stop) const;

private:
    Compressed ordered(Order, const fs::path& original, const fs::path& small, const fs::path& result, const std::function<bool()>& stop) const;
    Limits limits_for(const Order&) const;

    const config::Compress& settings_;
};

/// Extension that a tier gives a clip: AV1 cannot live in MOV (FFmpeg 5.1), so it goes to MP4; else as the original.
std::string video_extension(const fs::path& original, const config::VideoTier&);
/// "mov" or "mp4"
std::string container_of(const fs::path& file);

}  // namespace mediaferry::stages
