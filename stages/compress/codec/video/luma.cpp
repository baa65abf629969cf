// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/luma.h"

namespace mediaferry::stages {

Plane luma_of(const AVFrame* frame) {
    return {frame->data[0], frame->linesize[0], frame->width, frame->height, frame->format == AV_PIX_FMT_YUV420P10LE ? 10 : 8};
}

Plane LumaScaler::of(const AVFrame* frame) {
    const auto plane = luma_of(frame);
    if (Size{plane.width, plane.height} != look_.source || plane.bits != look_.bits)
        throw BadInput{"video.pixels", "its pictures change their size or depth on the way"};
    if (look_.source == look_.target) return plane;
    const auto format = look_.bits == 8 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_GRAY10LE;
    const auto [width, height] = look_.target;
    scaler_.reset(
        sws_getCachedContext(scaler_.release(), plane.width, plane.height, format, width, height, format, SWS_LANCZOS, nullptr, nullptr, nullptr));
    if (!scaler_) throw std::bad_alloc{};
    const int stride = ((look_.bits == 8 ? width : 2 * width) + 63) & ~63;
    pixels_.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height) + 64);
    std::uint8_t* planes[] = {pixels_.data()};
    const int strides[] = {stride};
    const std::uint8_t* from[] = {plane.data};
    const int from_strides[] = {static_cast<int>(plane.stride)};
    sws_scale(scaler_.get(), from, from_strides, 0, plane.height, planes, strides);
    return {pixels_.data(), stride, width, height, look_.bits};
}

}  // namespace mediaferry::stages
