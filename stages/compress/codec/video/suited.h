#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// How a clip's pictures are to be understood, and whether they may be made again at all.

#include <optional>

#include "common/config/settings.h"
#include "stages/compress/codec/video/clip.h"
#include "stages/compress/codec/video/header_gate.h"
#include "stages/compress/result.h"

namespace mediaferry::stages {

struct Size {
    int width = 0, height = 0;
    bool operator==(const Size&) const = default;
};

/// Of the small copy: the tier may bound the longer edge.
Size target_size(const AVCodecParameters& source, const config::VideoTier&);

/// What the encoder and the container must say of the pictures; nothing of it may change.
struct Look {
    Size source, target;
    AVPixelFormat format = AV_PIX_FMT_YUV420P;  ///< of the small copy: as many bits as the original has
    int bits = 8;
    AVRational time_base{1, 1}, frame_rate{0, 1}, pixel_aspect{0, 1};
    AVColorPrimaries primaries = AVCOL_PRI_UNSPECIFIED;
    AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
    AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
    AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
    AVChromaLocation chroma = AVCHROMA_LOC_UNSPECIFIED;
    std::optional<AVMasteringDisplayMetadata> mastering;  ///< HDR10: the screen it was graded on
    std::optional<AVContentLightMetadata> light;          ///< HDR10: MaxCLL, MaxFALL
};

/// `first`: the first decoded frame; HDR10's numbers may be told there only.
Look look_of(const av::Clip&, const AVFrame* first, const config::VideoTier&);

/// Why this clip keeps its bytes whatever its pictures may be; nullopt: it may be tried.
std::optional<Compressed> unsuited(const av::ByteSource&, const mov::Header&, const av::Clip&, const AVFrame* first, const config::VideoTier&);

bool is_efficient(AVCodecID);

}  // namespace mediaferry::stages
