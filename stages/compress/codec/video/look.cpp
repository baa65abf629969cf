// SPDX-License-Identifier: GPL-3.0-or-later
// One picture of a clip and of its small copy side by side, for a person to look at.

#include <algorithm>
#include <cmath>
#include <vector>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/result_file.h"
#include "stages/compress/codec/video/clip.h"
#include "stages/compress/codec/voice.h"

namespace mediaferry::stages {
namespace {

using av::check;

constexpr std::int64_t kFarIn = 300;  // pictures: ten seconds of most clips; the middle of a shorter one
constexpr int kCrop = 480, kSeam = 8, kTile = 64;

/// 8 bits red, green, blue.
struct Picture {
    int width = 0, height = 0;
    std::vector<std::uint8_t> pixels;
    const std::uint8_t* at(int x, int y) const {
        return pixels.data() + (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) * 3;
    }
    std::uint8_t* at(int x, int y) {
        return pixels.data() + (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) * 3;
    }
};

Picture blank(int width, int height) {
    Picture picture{width, height, {}};
    picture.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 255);
    return picture;
}

Picture as_picture(const AVFrame& frame, int width, int height) {
    auto picture = blank(width, height);
    const av::Scaler scaler{sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), width, height, AV_PIX_FMT_RGB24,
                                           SWS_LANCZOS, nullptr, nullptr, nullptr)};
    if (!scaler) throw BadInput{"video.broken", "its pixel format cannot be shown"};
    std::uint8_t* const planes[4] = {picture.pixels.data(), nullptr, nullptr, nullptr};
    const int strides[4] = {width * 3, 0, 0, 0};
    sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, planes, strides);
    return picture;
}

/// The picture number `index`, counted from 0, in `width` x `height` (0: its own size).
Picture picture_at(av::Clip& clip, std::int64_t index, int width = 0, int height = 0) {
    for (std::int64_t i = 0;; ++i) {
        const auto* frame = clip.next_frame();
        alive();
        if (frame == nullptr) throw BadInput{"video.broken", "it has fewer pictures than it says"};
        if (i == index) return as_picture(*frame, width > 0 ? width : frame->width, height > 0 ? height : frame->height);
    }
}

double squares(const Picture& a, const Picture& b, int left, int top, int width, int height) {
    double sum = 0;
    for (int y = top; y < top + height; ++y)
        for (int x = 0; x < width * 3; ++x) {
            const int difference = a.at(left, y)[x] - b.at(left, y)[x];
            sum += difference * difference;
        }
    return sum;
}

void put_crop(Picture& into, int left, int top, const Picture& from, int x, int y, int width, int height) {
    for (int row = 0; row < height; ++row) std::copy_n(from.at(x, y + row), static_cast<std::size_t>(width) * 3, into.at(left, top + row));
}

/// Above, where the two differ most; below, their middle.
Picture side_by_side(const Picture& before, const Picture& after) {
    int worst_x = 0, worst_y = 0;
    double most = -1;
    for (int y = 0; y + kTile <= after.height; y += kTile)
        for (int x = 0; x + kTile <= after.width; x += kTile) {
            const double sum = squares(before, after, x, y, kTile, kTile);
            if (sum <= most) continue;
            most = sum;
            worst_x = x + kTile / 2;
            worst_y = y + kTile / 2;
        }
    const int width = std::min(kCrop, after.width), height = std::min(kCrop, after.height);
    auto both = blank(2 * width + kSeam, 2 * height + kSeam);
    int top = 0;
    for (const auto& [x, y] : {std::pair{worst_x, worst_y}, std::pair{after.width / 2, after.height / 2}}) {
        const int left = std::clamp(x - width / 2, 0, after.width - width), above = std::clamp(y - height / 2, 0, after.height - height);
        put_crop(both, 0, top, before, left, above, width, height);
        put_crop(both, width + kSeam, top, after, left, above, width, height);
        top += height + kSeam;
    }
    return both;
}

std::string png(const Picture& picture) {
    const auto* codec = avcodec_find_encoder(AV_CODEC_ID_PNG);
    if (codec == nullptr) throw NeedsPerson{"compress.encoder", "this FFmpeg cannot write PNG pictures"};
    const av::Codec encoder{avcodec_alloc_context3(codec)};
    encoder->width = picture.width;
    encoder->height = picture.height;
    encoder->pix_fmt = AV_PIX_FMT_RGB24;
    encoder->time_base = {1, 1};
    encoder->thread_count = 1;
    check(avcodec_open2(encoder.get(), codec, nullptr), "open the PNG encoder");
    const auto frame = av::new_frame();
    frame->width = picture.width;
    frame->height = picture.height;
    frame->format = AV_PIX_FMT_RGB24;
    check(av_frame_get_buffer(frame.get(), 0), "get memory for a picture");
    for (int y = 0; y < picture.height; ++y)
        std::copy_n(picture.at(0, y), static_cast<std::size_t>(picture.width) * 3,
                    frame->data[0] + static_cast<std::ptrdiff_t>(y) * frame->linesize[0]);
    check(avcodec_send_frame(encoder.get(), frame.get()), "write a picture");
    const auto packet = av::new_packet();
    check(avcodec_send_frame(encoder.get(), nullptr), "write a picture");
    check(avcodec_receive_packet(encoder.get(), packet.get()), "write a picture");
    return {reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)};
}

/// Every entry of the clip's and its tracks' dictionaries. Those that say how the file is built, not what it shows, do not count.
std::vector<std::string> entries_of(const av::Clip& clip) {
    std::vector<std::string> entries;
    const auto add = [&](const std::string& where, AVDictionary* dictionary) {
        const AVDictionaryEntry* entry = nullptr;
        while ((entry = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
            const std::string name = entry->key;
            if (name != "major_brand" && name != "minor_version" && name != "compatible_brands" && name != "encoder" && name != "vendor_id")
                entries.push_back(where + name + "=" + entry->value);
        }
    };
    add("", clip.format()->metadata);
    add("video ", clip.video()->metadata);
    for (const auto* track : clip.audio()) add("sound ", track->metadata);
    return entries;
}

}  // namespace

Compressed craft::look(const Order& order) {
    OriginalBytes bytes{order};
    const av::ByteSource source{bytes.size(), [&](std::uint64_t offset, char* to, std::size_t most) { return bytes.read_at(offset, to, most); }};
    av::Clip before{source}, after{av::file_source(order.small)};
    const auto index = std::min(kFarIn, after.video()->nb_frames / 2);
    const auto shown = picture_at(after, index);
    const auto was = picture_at(before, index, shown.width, shown.height);

    Compressed result;
    result.tools = library();
    const double difference = squares(was, shown, 0, 0, shown.width, shown.height);
    const double samples = 3.0 * shown.width * shown.height;
    result.psnr = difference == 0 ? 99 : 10 * std::log10(255.0 * 255.0 * samples / difference);
    result.measures["picture"] = static_cast<double>(index);
    result.measures["width"] = shown.width;
    result.measures["height"] = shown.height;
    const auto had = entries_of(before), has = entries_of(after);
    result.measures["fields"] = static_cast<double>(had.size());
    result.measures["fields_kept"] =
        static_cast<double>(std::ranges::count_if(had, [&](const auto& entry) { return std::ranges::find(has, entry) != has.end(); }));
    write_at(order.result, 0, png(side_by_side(was, shown)));
    return result;
}

}  // namespace mediaferry::stages
