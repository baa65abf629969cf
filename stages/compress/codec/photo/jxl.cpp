// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/jxl.h"

#include <jxl/decode.h>
#include <jxl/encode.h>

#include <algorithm>
#include <memory>

#include "stages/compress/codec/jpeg/jpeg_parts.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {
namespace {

constexpr std::uint64_t kJxlBytesAPixel = 24;  // of memory; libjxl 0.7 holds all coefficients several times over (measured: 22)
constexpr int kMostJxlScans = 64;
constexpr std::size_t kJxlPiece = 1 << 20;

struct FreeJxl {
    void operator()(JxlEncoder* encoder) const { ::JxlEncoderDestroy(encoder); }
    void operator()(JxlDecoder* decoder) const { ::JxlDecoderDestroy(decoder); }
};

/// The gate before libjxl reads the JPEG: what the JPEG way would keep is not packed either, nor what needs more memory than there is.
bool packable(const JpegParts& parts, const Order& order) {
    const auto pixels = std::uint64_t{parts.width} * parts.height;
    return parts.frame >= 0xC0 && parts.frame <= 0xC2 && parts.precision == 8 && (parts.components == 1 || parts.components == 3) && pixels > 0 &&
           parts.scan_count <= kMostJxlScans && pixels <= parts.scans.size() * 400 && pixels * kJxlBytesAPixel <= order.limits.memory.count;
}

/// nullopt when libjxl does not take it, or it does not get smaller.
std::optional<std::string> jxl_of(std::string_view jpeg) {
    const std::unique_ptr<JxlEncoder, FreeJxl> encoder{::JxlEncoderCreate(nullptr)};  // without a runner it starts no threads
    if (!encoder) throw std::bad_alloc{};
    const auto fine = [](JxlEncoderStatus status) { return status == JXL_ENC_SUCCESS; };
    auto* settings = ::JxlEncoderFrameSettingsCreate(encoder.get(), nullptr);
    if (settings == nullptr || !fine(::JxlEncoderUseContainer(encoder.get(), JXL_TRUE)) ||
        !fine(::JxlEncoderStoreJPEGMetadata(encoder.get(), JXL_TRUE)) ||
        !fine(::JxlEncoderAddJPEGFrame(settings, reinterpret_cast<const std::uint8_t*>(jpeg.data()), jpeg.size())))
        return std::nullopt;
    ::JxlEncoderCloseInput(encoder.get());
    std::string bytes;
    for (std::size_t filled = 0;;) {
        if (filled >= jpeg.size()) return std::nullopt;
        bytes.resize(filled + kJxlPiece);
        auto* next = reinterpret_cast<std::uint8_t*>(bytes.data()) + filled;
        std::size_t room = kJxlPiece;
        const auto status = ::JxlEncoderProcessOutput(encoder.get(), &next, &room);
        filled += kJxlPiece - room;
        if (status == JXL_ENC_NEED_MORE_OUTPUT) continue;
        if (!fine(status)) return std::nullopt;
        bytes.resize(filled);
        return bytes;
    }
}

std::string jxl_library() {
    const auto version = ::JxlDecoderVersion();  // 7000 for 0.7.0
    return "libjxl " + std::to_string(version / 1000000) + "." + std::to_string(version / 1000 % 1000) + "." + std::to_string(version % 1000);
}

}  // namespace

std::string jpeg_out_of_jxl(std::string_view jxl, std::size_t limit) {
    const auto give_up = [] { throw BadInput{"photo.not_reversible", "no JPEG can be restored from it"}; };
    const std::unique_ptr<JxlDecoder, FreeJxl> decoder{::JxlDecoderCreate(nullptr)};
    if (!decoder) throw std::bad_alloc{};
    if (::JxlDecoderSubscribeEvents(decoder.get(), JXL_DEC_JPEG_RECONSTRUCTION | JXL_DEC_FULL_IMAGE) != JXL_DEC_SUCCESS ||
        ::JxlDecoderSetInput(decoder.get(), reinterpret_cast<const std::uint8_t*>(jxl.data()), jxl.size()) != JXL_DEC_SUCCESS)
        give_up();
    ::JxlDecoderCloseInput(decoder.get());
    std::string jpeg;
    std::size_t filled = 0;
    bool reversible = false;
    const auto more_room = [&] {
        if (reversible) filled = jpeg.size() - ::JxlDecoderReleaseJPEGBuffer(decoder.get());
        if (filled > limit) give_up();
        jpeg.resize(std::min(limit + 1, std::max(jxl.size() * 2, filled * 2) + kJxlPiece));
        reversible = true;
        if (::JxlDecoderSetJPEGBuffer(decoder.get(), reinterpret_cast<std::uint8_t*>(jpeg.data()) + filled, jpeg.size() - filled) != JXL_DEC_SUCCESS)
            give_up();
    };
    for (;;) switch (::JxlDecoderProcessInput(decoder.get())) {
            case JXL_DEC_JPEG_RECONSTRUCTION:
            case JXL_DEC_JPEG_NEED_MORE_OUTPUT: more_room(); break;
            case JXL_DEC_FULL_IMAGE: break;
            case JXL_DEC_SUCCESS:
                if (!reversible) give_up();
                jpeg.resize(jpeg.size() - ::JxlDecoderReleaseJPEGBuffer(decoder.get()));
                if (jpeg.size() > limit) give_up();
                return jpeg;
            default: give_up();  // pixels instead of a JPEG, or something cut short
        }
}

bool gives_back(std::string_view jxl, std::string_view jpeg) {
    try {
        return jpeg_out_of_jxl(jxl, jpeg.size()) == jpeg;
    } catch (const BadInput&) {  // libjxl packs a few JPEGs that it cannot bring back
        return false;
    }
}

std::optional<Compressed> reversible_jxl(std::string_view jpeg, const Order& order) {
    if (!packable(take_apart(jpeg), order)) return std::nullopt;
    {
        const auto packed = jxl_of(jpeg);
        if (!packed || packed->size() >= jpeg.size()) return std::nullopt;
        write_at(order.result, 0, *packed);
        sync(order.result);
    }
    if (!gives_back(read_back(order.result, jpeg.size()), jpeg)) {
        set_size(order.result, 0);
        return std::nullopt;
    }
    return Compressed{std::nullopt, ".jxl", "jpeg xl, reversible", 99, jxl_library()};
}

}  // namespace mediaferry::stages
