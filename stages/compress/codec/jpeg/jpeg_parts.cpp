// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/jpeg_parts.h"

#include <algorithm>

#include "common/errors/errors.h"
#include "stages/compress/codec/jpeg/multi_picture.h"

namespace mediaferry::stages {
namespace {

constexpr std::uint8_t kEndOfImage = 0xD9, kStartOfScan = 0xDA, kComment = 0xFE;

[[noreturn]] void broken(const std::string& how) { throw BadInput{"photo.broken", "not a whole JPEG: " + how}; }

bool is_metadata(std::uint8_t marker) { return (marker >= 0xE0 && marker <= 0xEF) || marker == kComment; }
bool is_frame(std::uint8_t marker) { return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC; }
bool stands_alone(std::uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8); }

class Reader {
public:
    explicit Reader(std::string_view file) : file_(file) {}

    JpegParts operator()() {
        if (!file_.starts_with("\xFF\xD8\xFF")) broken("it does not begin like one");
        at_ = 2;
        for (;;) {
            const auto marker = next_marker();
            if (marker == kStartOfScan) break;
            if (marker == kEndOfImage) broken("it ends before its pixels");
            if (stands_alone(marker)) continue;
            take(marker);
        }
        if (parts_.frame == 0) broken("it has no frame header");
        scans();
        return parts_;
    }

private:
    std::uint8_t byte(std::size_t at) const {
        if (at >= file_.size()) broken("it is cut short");
        return static_cast<std::uint8_t>(file_[at]);
    }
    unsigned word(std::size_t at) const { return static_cast<unsigned>(byte(at) << 8 | byte(at + 1)); }

    /// Leaves at_ on the 0xFF of the marker it returns.
    std::uint8_t next_marker() {
        if (byte(at_) != 0xFF) broken("something stands between its segments");
        while (byte(at_ + 1) == 0xFF) ++at_;  // fill bytes
        const auto marker = byte(at_ + 1);
        if (stands_alone(marker)) at_ += 2;
        return marker;
    }

    void take(std::uint8_t marker) {
        const auto length = word(at_ + 2);
        if (length < 2 || at_ + 2 + length > file_.size()) broken("a segment is cut short");
        const auto bytes = file_.substr(at_, 2 + length);
        if (is_metadata(marker)) {
            parts_.metadata.push_back({marker, bytes});
        } else {
            parts_.tables.push_back({marker, bytes});
            if (is_frame(marker)) frame(marker, length);
        }
        at_ += 2 + length;
    }

    void frame(std::uint8_t marker, unsigned length) {
        if (length < 8) broken("its frame header is cut short");
        parts_.frame = marker;
        parts_.precision = byte(at_ + 4);
        parts_.height = word(at_ + 5);
        parts_.width = word(at_ + 7);
        parts_.components = byte(at_ + 9);
        if (parts_.components == 3 && length >= 17) parts_.full_chroma = byte(at_ + 11) != 0x22;  // luma sampled twice as densely both ways: 4:2:0
    }

    /// Through all scans to the end of the image. Entropy-coded data holds no marker but RSTn and stuffed zeros.
    void scans() {
        const auto begin = at_;
        for (;;) {
            at_ = file_.find('\xFF', at_);
            if (at_ == std::string_view::npos || at_ + 1 >= file_.size()) broken("its pixels are cut short");
            const auto marker = byte(at_ + 1);
            if (marker == kEndOfImage) break;
            if (marker == 0x00 || marker == 0xFF || stands_alone(marker)) {
                at_ += marker == 0xFF ? 1 : 2;
                continue;
            }
            if (marker == kStartOfScan) ++parts_.scan_count;
            const auto length = word(at_ + 2);
            if (length < 2 || at_ + 2 + length > file_.size()) broken("a segment between its scans is cut short");
            at_ += 2 + length;
        }
        parts_.scans = file_.substr(begin, at_ + 2 - begin);
        parts_.trailer = file_.substr(at_ + 2);
    }

    std::string_view file_;
    std::size_t at_ = 0;
    JpegParts parts_;
};

}  // namespace

JpegParts take_apart(std::string_view file) { return Reader{file}(); }

std::string put_together(const JpegParts& original, const JpegParts& encoded) {
    const auto& metadata = original.metadata.empty() ? encoded.metadata : original.metadata;
    std::size_t size = 2 + encoded.scans.size() + original.trailer.size();
    for (const auto* segments : {&metadata, &encoded.tables})
        for (const auto& segment : *segments) size += segment.bytes.size();
    std::string file;
    file.reserve(size);
    file += "\xFF\xD8";
    std::vector<std::size_t> lists;
    for (const auto& segment : metadata) {
        if (is_picture_list(segment.bytes)) lists.push_back(file.size());
        file += segment.bytes;
    }
    for (const auto& segment : encoded.tables) file += segment.bytes;
    file += encoded.scans;
    const auto end = file.size();
    file += original.trailer;
    std::size_t next = 0;
    for (const auto& segment : original.metadata) {
        if (!is_picture_list(segment.bytes)) continue;
        const auto at = lists[next++];
        const auto before = original.trailer.data() - segment.bytes.data();
        move_pictures(file.data() + at, segment.bytes.size(), end, static_cast<std::int64_t>(end - at) - before);
    }
    return file;
}

}  // namespace mediaferry::stages
