// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/png.h"

#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "stages/compress/codec/photo/png_parts.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {
namespace {

constexpr std::size_t kLargestPng = 48U << 20;          // four of its size lie in memory at once (facts/compression.md P5)
constexpr std::uint64_t kLargestInterlaced = 32 << 20;  // interlaced rows come in seven passes: the whole picture has to be held
constexpr std::size_t kPiece = 256 << 10;               // of packed pixels a chunk

/// libpng's errors and warnings come back to who asked. A warning about pixels (a row too short, a checksum) is an error, too.
struct PngTrouble {
    std::jmp_buf back;
    char text[128];
};

[[noreturn]] void png_gives_up(png_structp png, png_const_charp text) {
    auto* trouble = static_cast<PngTrouble*>(::png_get_error_ptr(png));
    std::strncpy(trouble->text, text, sizeof trouble->text - 1);
    std::longjmp(trouble->back, 1);
}

/// Nothing in `work` may need a destructor: the way back calls none.
template <class Work>
void png_guarded(PngTrouble& trouble, Work&& work) {
    if (setjmp(trouble.back) != 0) throw BadInput{"photo.broken", std::string("it does not decode: ") + trouble.text};
    work();
}

/// What libpng is told to free, also when it never got to work.
struct PngHandles {
    png_structp png = nullptr;
    png_infop info = nullptr;
    bool writes;
    PngHandles(bool writing, PngTrouble& trouble) : writes(writing) {
        png = writing ? ::png_create_write_struct(PNG_LIBPNG_VER_STRING, &trouble, png_gives_up, png_gives_up)
                      : ::png_create_read_struct(PNG_LIBPNG_VER_STRING, &trouble, png_gives_up, png_gives_up);
        if (png == nullptr || (info = ::png_create_info_struct(png)) == nullptr) throw std::bad_alloc{};
    }
    ~PngHandles() {
        if (writes)
            ::png_destroy_write_struct(&png, &info);
        else
            ::png_destroy_read_struct(&png, &info, nullptr);
    }
    PngHandles(const PngHandles&) = delete;
    PngHandles& operator=(const PngHandles&) = delete;
};

/// Rows as they are stored: samples packed, nothing converted. One at a time, but for an interlaced picture.
class PngRows {
public:
    explicit PngRows(std::string_view file) : left_(file) {
        png_guarded(trouble_, [&] {
            ::png_set_read_fn(png_, this, give);
            ::png_set_check_for_invalid_index(png_, 0);  // an index past the palette is carried over like any other
            ::png_set_user_limits(png_, 32767, 32767);
            ::png_read_info(png_, info_);
            if (interlaced()) ::png_set_interlace_handling(png_);
            ::png_read_update_info(png_, info_);
        });
        row_.resize(::png_get_rowbytes(png_, info_));
        if (interlaced()) read_all();
    }

    png_uint_32 width() const { return ::png_get_image_width(png_, info_); }
    png_uint_32 height() const { return ::png_get_image_height(png_, info_); }
    std::size_t row_bytes() const { return row_.size(); }
    int depth() const { return ::png_get_bit_depth(png_, info_); }
    int colour() const { return ::png_get_color_type(png_, info_); }
    bool interlaced() const { return ::png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE; }
    void palette(png_colorp& colours, int& count) const { ::png_get_PLTE(png_, info_, &colours, &count); }

    /// The next row; the bits behind its last pixel are 0.
    const std::vector<png_byte>& next() {
        if (interlaced()) {
            const auto at = whole_.begin() + static_cast<std::ptrdiff_t>(row_.size() * given_++);
            std::copy(at, at + static_cast<std::ptrdiff_t>(row_.size()), row_.begin());
        } else {
            png_guarded(trouble_, [&] { ::png_read_row(png_, row_.data(), nullptr); });
        }
        const auto bits = std::uint64_t{width()} * static_cast<unsigned>(depth() * ::png_get_channels(png_, info_));
        if (bits % 8 != 0) row_.back() &= static_cast<png_byte>(0xFF << (8 - bits % 8));
        return row_;
    }
    /// Behind the last row: reads to the end, so that a checksum of the packed bytes is looked at.
    void finish() {
        png_guarded(trouble_, [&] { ::png_read_end(png_, nullptr); });
    }

private:
    static void give(png_structp png, png_bytep to, std::size_t size) {
        auto& left = static_cast<PngRows*>(::png_get_io_ptr(png))->left_;
        if (size > left.size()) ::png_error(png, "it is cut short");
        std::memcpy(to, left.data(), size);
        left.remove_prefix(size);
    }
    void read_all() {
        whole_.resize(row_.size() * height());
        std::vector<png_bytep> rows;
        for (std::size_t at = 0; at < whole_.size(); at += row_.size()) rows.push_back(whole_.data() + at);
        png_guarded(trouble_, [&] { ::png_read_image(png_, rows.data()); });
    }

    PngTrouble trouble_{};
    PngHandles handles_{false, trouble_};
    const png_structp png_ = handles_.png;
    const png_infop info_ = handles_.info;
    std::string_view left_;
    std::vector<png_byte> row_, whole_;
    std::size_t given_ = 0;
};

class PngWriter {
public:
    /// Gives up once there are more than `limit` bytes.
    PngWriter(const PngRows& like, int filters, int strategy, int level, std::size_t limit) : limit_(limit) {
        png_guarded(trouble_, [&] {
            ::png_set_write_fn(png_, this, take, nullptr);
            ::png_set_user_limits(png_, 32767, 32767);
            ::png_set_check_for_invalid_index(png_, 0);
            ::png_set_compression_level(png_, level);
            ::png_set_compression_mem_level(png_, 9);
            ::png_set_compression_strategy(png_, strategy);
            ::png_set_compression_buffer_size(png_, kPiece);
            ::png_set_filter(png_, PNG_FILTER_TYPE_BASE, filters);
            ::png_set_IHDR(png_, info_, like.width(), like.height(), like.depth(), like.colour(), PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                           PNG_FILTER_TYPE_DEFAULT);
            png_colorp colours = nullptr;
            int count = 0;
            like.palette(colours, count);
            if (colours != nullptr && like.colour() == PNG_COLOR_TYPE_PALETTE) ::png_set_PLTE(png_, info_, colours, count);
            ::png_write_info(png_, info_);
        });
    }

    void row(const std::vector<png_byte>& bytes) {
        png_guarded(trouble_, [&] { ::png_write_row(png_, bytes.data()); });
    }
    void finish() {
        png_guarded(trouble_, [&] { ::png_write_end(png_, nullptr); });
    }
    bool too_long() const { return bytes_.size() >= limit_; }
    std::string take_bytes() { return std::move(bytes_); }

private:
    static void take(png_structp png, png_bytep bytes, std::size_t size) {
        auto& self = *static_cast<PngWriter*>(::png_get_io_ptr(png));
        if (!self.too_long()) self.bytes_.append(reinterpret_cast<const char*>(bytes), size);
    }

    PngTrouble trouble_{};
    PngHandles handles_{true, trouble_};
    const png_structp png_ = handles_.png;
    const png_infop info_ = handles_.info;
    std::string bytes_;
    std::size_t limit_;
};

/// Filters help photographs and gradients; flat areas and palettes are best left alone.
struct Packing {
    int filters, strategy;
};
constexpr std::uint64_t kLargeRaw = 96 << 20;  // bytes unpacked; packing them thoroughly costs a small computer 20 s
constexpr Packing kPackings[] = {{PNG_FILTER_NONE, Z_DEFAULT_STRATEGY}, {PNG_ALL_FILTERS, Z_FILTERED}, {PNG_ALL_FILTERS, Z_DEFAULT_STRATEGY},
                                 {PNG_FILTER_SUB, Z_DEFAULT_STRATEGY},  {PNG_FILTER_UP, Z_FILTERED},   {PNG_FILTER_PAETH, Z_DEFAULT_STRATEGY}};
constexpr int kThorough = 9, kQuick = 4;  // of zlib's levels; below 4 it looks for matches in another way, which prefers other filters
constexpr double kClose = 1.03;           // times the least: what a quick look may be wrong by

/// nullopt when it comes to `limit` bytes or more.
std::optional<std::string> packed_so(std::string_view pixels_only, const Packing& packing, int level, std::size_t limit) {
    PngRows rows{pixels_only};
    PngWriter writer{rows, packing.filters, packing.strategy, level, limit};
    for (png_uint_32 y = 0; y < rows.height() && !writer.too_long(); ++y) writer.row(rows.next());
    if (writer.too_long()) return std::nullopt;
    rows.finish();
    writer.finish();
    if (writer.too_long()) return std::nullopt;
    return writer.take_bytes();
}

}  // namespace

std::optional<std::string> packed_png(std::string_view pixels_only, std::size_t limit) {
    std::vector<std::pair<std::size_t, const Packing*>> quickly;
    std::uint64_t raw = 0;
    {
        const PngRows rows{pixels_only};
        raw = std::uint64_t{rows.row_bytes()} * rows.height();
    }
    std::size_t least = pixels_only.size() * 2;  // a quick packing may be larger than what was packed thoroughly
    for (const auto& packing : kPackings)
        if (const auto packed = packed_so(pixels_only, packing, kQuick, static_cast<std::size_t>(static_cast<double>(least) * kClose) + 1)) {
            quickly.emplace_back(packed->size(), &packing);
            least = std::min(least, packed->size());
        }
    std::ranges::stable_sort(quickly, {}, [](const auto& one) { return one.first; });
    std::optional<std::string> best;
    const std::size_t most = raw > kLargeRaw ? 1 : 2;
    for (std::size_t i = 0; i < std::min(most, quickly.size()); ++i) {
        if (static_cast<double>(quickly[i].first) > static_cast<double>(least) * kClose) break;
        auto packed = packed_so(pixels_only, *quickly[i].second, kThorough, limit);
        if (!packed) continue;
        limit = packed->size();
        best = std::move(packed);
    }
    return best;
}

bool same_png_pixels(std::string_view a, std::string_view b) {
    PngRows one{a}, other{b};
    if (one.width() != other.width() || one.height() != other.height() || one.depth() != other.depth() || one.colour() != other.colour())
        return false;
    for (png_uint_32 y = 0; y < one.height(); ++y)
        if (one.next() != other.next()) return false;
    one.finish();
    other.finish();
    return true;
}

std::string png_library() { return std::string("libpng ") + ::png_get_libpng_ver(nullptr) + ", zlib " + ::zlibVersion(); }

Compressed smaller_png(std::string_view file, const Order& order) {
    if (order.photo.png == "keep") return keep("compress.tier", "its tier keeps PNGs as they are");
    if (file.size() > kLargestPng) return keep("photo.size", "larger than a PNG should be");
    const auto parts = take_png_apart(file);
    for (const auto& chunk : parts.chunks)
        // Content credentials sign the packed bytes themselves; CgBI is Apple's own way to pack, which only Apple unpacks.
        if (chunk.type == "caBX" || chunk.type == "dSIG" || chunk.type == "CgBI")
            return keep("photo.signed", "it is signed, or packed in a way of Apple's own (" + std::string{chunk.type} + ")");
    if (parts.interlaced && parts.row_bytes() * parts.height > kLargestInterlaced)
        return keep("photo.size", "an interlaced PNG of this size needs more memory than a photo is given");

    const auto before = png_pixels_only(parts);
    {
        const auto packed = packed_png(before, before.size());
        if (!packed) return keep("compress.not_worth_it", "it is packed as well as it can be");
        write_at(order.result, 0, put_png_together(parts, take_png_apart(*packed)));
        sync(order.result);
    }

    const auto small = read_back(order.result, file.size() + kPiece);
    const auto back = take_png_apart(small);
    if (!same_but_for_packing(parts, back)) throw TransientError{"photo.check", "the small copy's metadata differ"};
    if (!same_png_pixels(before, png_pixels_only(back))) throw TransientError{"photo.check", "the small copy has other pixels"};
    if (small.size() >= file.size()) return keep("compress.not_worth_it", "it is packed as well as it can be");
    return {std::nullopt, "", parts.interlaced ? "png packed, no longer interlaced" : "png packed", 99, png_library()};
}

}  // namespace mediaferry::stages
