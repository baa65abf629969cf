// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/photo/heic.h"

#include <libheif/heif.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "stages/compress/codec/jpeg/likeness.h"
#include "stages/compress/codec/jpeg/picture.h"
#include "stages/compress/codec/jpeg/quality_search.h"
#include "stages/compress/codec/photo/reduce.h"
#include "stages/compress/codec/result_file.h"
#include "stages/compress/codec/voice.h"

namespace mediaferry::stages {
namespace {

constexpr int kHeicLeastSaving = 30;        // percent: a HEIC is small already, and loses once more (facts/compression.md, tier table)
constexpr QualityRange kQualities{30, 92};  // libheif's scale, which is not a JPEG's
constexpr int kHeicStart = 60, kHeicMostTries = 3;
constexpr double kHeicMargin = 0.002, kHeicWorstPsnr = 28;  // dB: guards against wrong pictures, not a target
constexpr int kHeicBand = 2 * kTile, kHeicEvery = 4;        // sampled: of four bands of lines one
constexpr std::array<heif_channel, 3> kChannels{heif_channel_Y, heif_channel_Cb, heif_channel_Cr};

template <class T, auto Free>
struct Release {
    void operator()(T* object) const { Free(object); }
};
using HeicContext = std::unique_ptr<heif_context, Release<heif_context, heif_context_free>>;
using Handle = std::unique_ptr<heif_image_handle, Release<heif_image_handle, heif_image_handle_release>>;
using Image = std::unique_ptr<heif_image, Release<heif_image, heif_image_release>>;
using HeicEncoder = std::unique_ptr<heif_encoder, Release<heif_encoder, heif_encoder_release>>;
using Nclx = std::unique_ptr<heif_color_profile_nclx, Release<heif_color_profile_nclx, heif_nclx_color_profile_free>>;

void decoded_well(const heif_error& error) {
    if (error.code != heif_error_Ok) throw BadInput{"photo.broken", std::string("it does not decode: ") + error.message};
}
void encoded_well(const heif_error& error) {
    if (error.code != heif_error_Ok) throw TransientError{"photo.check", std::string("cannot be encoded: ") + error.message};
}

struct HeicMetadata {
    std::string type, content_type, bytes;
    bool operator==(const HeicMetadata&) const = default;
};

/// A HEIC opened: its main picture and what is written about it. The bytes must live as long.
class HeicSource {
public:
    explicit HeicSource(const std::string& file) : context_(heif_context_alloc()) {
        if (!context_) throw std::bad_alloc{};
        decoded_well(heif_context_read_from_memory_without_copy(context_.get(), file.data(), file.size(), nullptr));
        heif_image_handle* raw = nullptr;
        decoded_well(heif_context_get_primary_image_handle(context_.get(), &raw));
        handle_.reset(raw);
    }

    /// Brightness and both colours, these with half as many samples across and down.
    std::vector<Picture> planes() const {
        const std::unique_ptr<heif_decoding_options, Release<heif_decoding_options, heif_decoding_options_free>> options{
            heif_decoding_options_alloc()};
        options->ignore_transformations = 1;  // it stays turned as it is
        options->strict_decoding = 1;
        heif_image* raw = nullptr;
        decoded_well(heif_decode_image(handle_.get(), &raw, heif_colorspace_YCbCr, heif_chroma_420, options.get()));
        const Image image{raw};
        std::vector<Picture> planes;
        for (const auto channel : kChannels) {
            int stride = 0;
            const auto* pixels = heif_image_get_plane_readonly(raw, channel, &stride);
            if (pixels == nullptr || heif_image_get_bits_per_pixel(raw, channel) != 8)
                throw BadInput{"photo.broken", "it does not decode: a plane is missing"};
            Picture plane{{heif_image_get_width(raw, channel), heif_image_get_height(raw, channel)}, 1, 1, {}};
            plane.pixels.reserve(static_cast<std::size_t>(plane.size.width) * static_cast<std::size_t>(plane.size.height));
            for (int y = 0; y < plane.size.height; ++y)
                plane.pixels.insert(plane.pixels.end(), pixels + static_cast<std::ptrdiff_t>(y) * stride,
                                    pixels + static_cast<std::ptrdiff_t>(y) * stride + plane.size.width);
            planes.push_back(std::move(plane));
        }
        return planes;
    }

    std::vector<HeicMetadata> metadata() const {
        std::vector<heif_item_id> ids(static_cast<std::size_t>(heif_image_handle_get_number_of_metadata_blocks(handle_.get(), nullptr)));
        heif_image_handle_get_list_of_metadata_block_IDs(handle_.get(), nullptr, ids.data(), static_cast<int>(ids.size()));
        std::vector<HeicMetadata> all;
        for (const auto id : ids) {
            HeicMetadata one{
                heif_image_handle_get_metadata_type(handle_.get(), id), heif_image_handle_get_metadata_content_type(handle_.get(), id), {}};
            one.bytes.resize(heif_image_handle_get_metadata_size(handle_.get(), id));
            decoded_well(heif_image_handle_get_metadata(handle_.get(), id, one.bytes.data()));
            all.push_back(std::move(one));
        }
        std::ranges::sort(all, {}, &HeicMetadata::type);
        return all;
    }

    /// An ICC profile; "" when there is none.
    std::string profile() const {
        std::string bytes(heif_image_handle_get_raw_color_profile_size(handle_.get()), '\0');
        if (!bytes.empty()) decoded_well(heif_image_handle_get_raw_color_profile(handle_.get(), bytes.data()));
        return bytes;
    }
    std::string profile_type() const {
        const auto type = static_cast<std::uint32_t>(heif_image_handle_get_color_profile_type(handle_.get()));
        return {static_cast<char>(type >> 24), static_cast<char>(type >> 16), static_cast<char>(type >> 8), static_cast<char>(type)};
    }
    Nclx nclx() const {
        heif_color_profile_nclx* raw = nullptr;
        heif_image_handle_get_nclx_color_profile(handle_.get(), &raw);
        return Nclx{raw};
    }

    /// The longer edge of its thumbnail; 0: it has none.
    int thumbnail() const {
        heif_item_id id = 0;
        if (heif_image_handle_get_list_of_thumbnail_IDs(handle_.get(), &id, 1) < 1) return 0;
        heif_image_handle* raw = nullptr;
        decoded_well(heif_image_handle_get_thumbnail(handle_.get(), id, &raw));
        const Handle thumbnail{raw};
        return std::max(heif_image_handle_get_width(raw), heif_image_handle_get_height(raw));
    }

private:
    HeicContext context_;
    Handle handle_;
};

bool same_colours(const Nclx& a, const Nclx& b) {
    if (!a || !b) return !a && !b;
    return a->color_primaries == b->color_primaries && a->transfer_characteristics == b->transfer_characteristics &&
           a->matrix_coefficients == b->matrix_coefficients && a->full_range_flag == b->full_range_flag;
}

heif_orientation orientation_of(int quarter_turns) {
    constexpr heif_orientation kTurned[]{heif_orientation_normal, heif_orientation_rotate_270_cw, heif_orientation_rotate_180,
                                         heif_orientation_rotate_90_cw};
    return kTurned[quarter_turns % 4];
}

Image image_of(const std::vector<Picture>& planes, const HeicSource& source) {
    heif_image* raw = nullptr;
    encoded_well(heif_image_create(planes[0].size.width, planes[0].size.height, heif_colorspace_YCbCr, heif_chroma_420, &raw));
    Image image{raw};
    for (std::size_t c = 0; c < kChannels.size(); ++c) {
        const auto& plane = planes[c];
        encoded_well(heif_image_add_plane(raw, kChannels[c], plane.size.width, plane.size.height, 8));
        int stride = 0;
        auto* to = heif_image_get_plane(raw, kChannels[c], &stride);
        for (int y = 0; y < plane.size.height; ++y)
            std::memcpy(to + static_cast<std::ptrdiff_t>(y) * stride, plane.pixels.data() + static_cast<std::ptrdiff_t>(y) * plane.size.width,
                        static_cast<std::size_t>(plane.size.width));
    }
    if (const auto profile = source.profile(); !profile.empty())
        encoded_well(heif_image_set_raw_color_profile(raw, source.profile_type().c_str(), profile.data(), profile.size()));
    if (const auto nclx = source.nclx()) encoded_well(heif_image_set_nclx_color_profile(raw, nclx.get()));
    return image;
}

/// With all that is written about the original when `whole`; else pixels alone.
std::string encoded(const std::vector<Picture>& planes, const HeicSource& source, int quality, int quarter_turns, bool whole) {
    alive();
    const HeicContext context{heif_context_alloc()};
    heif_encoder* raw = nullptr;
    encoded_well(heif_context_get_encoder_for_format(context.get(), heif_compression_HEVC, &raw));
    const HeicEncoder encoder{raw};
    encoded_well(heif_encoder_set_lossy_quality(raw, quality));
    encoded_well(heif_encoder_set_parameter(raw, "preset", "fast"));
    encoded_well(heif_encoder_set_parameter(raw, "chroma", "420"));
    encoded_well(heif_encoder_set_parameter(raw, "x265:pools", "none"));  // processes, not threads, run side by side
    const std::unique_ptr<heif_encoding_options, Release<heif_encoding_options, heif_encoding_options_free>> options{heif_encoding_options_alloc()};
    options->save_two_colr_boxes_when_ICC_and_nclx_available = 1;
    options->macOS_compatibility_workaround_no_nclx_profile = source.nclx() ? 0 : 1;  // what was not said is not said now
    options->image_orientation = orientation_of(quarter_turns);
    const auto image = image_of(planes, source);
    heif_image_handle* made = nullptr;
    encoded_well(heif_context_encode_image(context.get(), image.get(), raw, options.get(), &made));
    const Handle handle{made};
    if (whole) {
        if (const int edge = source.thumbnail(); edge > 0) {
            heif_image_handle* thumbnail = nullptr;
            encoded_well(heif_context_encode_thumbnail(context.get(), image.get(), made, raw, options.get(), edge, &thumbnail));
            const Handle small{thumbnail};
        }
        for (const auto& one : source.metadata()) {
            constexpr std::size_t kOffset = 4;  // libheif writes anew where in EXIF's bytes TIFF begins
            if (one.type == "Exif" && one.bytes.size() > kOffset)
                encoded_well(
                    heif_context_add_exif_metadata(context.get(), made, one.bytes.data() + kOffset, static_cast<int>(one.bytes.size() - kOffset)));
            else if (one.type == "mime" && one.content_type == "application/rdf+xml")
                encoded_well(heif_context_add_XMP_metadata(context.get(), made, one.bytes.data(), static_cast<int>(one.bytes.size())));
        }
    }
    std::string bytes;
    heif_writer writer{1, [](heif_context*, const void* data, std::size_t size, void* to) {
                           static_cast<std::string*>(to)->append(static_cast<const char*>(data), size);
                           return heif_error{heif_error_Ok, heif_suberror_Unspecified, ""};
                       }};
    encoded_well(heif_context_write(context.get(), &writer, &bytes));
    return bytes;
}

Likeness compared(const std::vector<Picture>& a, const std::vector<Picture>& b) {
    if (b.size() != a.size()) throw TransientError{"photo.check", "the small copy has other planes than intended"};
    LikenessMeter meter{a[0].size.width, a[0].size.height};
    for (std::size_t c = 0; c < a.size(); ++c) {
        if (a[c].size != b[c].size) throw TransientError{"photo.check", "the small copy has other dimensions than intended"};
        const auto width = static_cast<std::size_t>(a[c].size.width);
        for (std::size_t y = 0; y < static_cast<std::size_t>(a[c].size.height); ++y) {
            const auto *left = a[c].pixels.data() + y * width, *right = b[c].pixels.data() + y * width;
            if (c == 0)
                meter.add_luma(left, right);
            else
                meter.add_chroma(left, right, a[c].size.width);
        }
    }
    return meter.result();
}

/// Bands of lines from all over the picture, one below the other.
std::vector<Picture> sampled(const std::vector<Picture>& planes) {
    if (planes[0].size.height < kHeicBand * kHeicEvery * 2) return planes;
    std::vector<Picture> few;
    for (std::size_t c = 0; c < planes.size(); ++c) {
        const auto& plane = planes[c];
        const int band = c == 0 ? kHeicBand : kHeicBand / 2;
        Picture part{{plane.size.width, 0}, 1, 1, {}};
        for (int y = band; y + band <= plane.size.height; y += band * kHeicEvery) {
            const auto from = plane.pixels.begin() + static_cast<std::ptrdiff_t>(y) * plane.size.width;
            part.pixels.insert(part.pixels.end(), from, from + static_cast<std::ptrdiff_t>(band) * plane.size.width);
            part.size.height += band;
        }
        few.push_back(std::move(part));
    }
    return few;
}

void check_about(const HeicSource& original, const HeicSource& small, const PhotoFacts& before, const PhotoFacts& after) {
    if (original.metadata() != small.metadata()) throw TransientError{"photo.check", "the small copy's metadata differ"};
    if (original.profile() != small.profile() || !same_colours(original.nclx(), small.nclx()))
        throw TransientError{"photo.check", "the small copy's colours differ"};
    if (before.quarter_turns != after.quarter_turns || after.cropped_or_mirrored || after.cut || !after.further.empty())
        throw TransientError{"photo.check", "the small copy is another kind of picture"};
    if ((original.thumbnail() > 0) != (small.thumbnail() > 0)) throw TransientError{"photo.check", "the small copy's thumbnail is missing"};
}

}  // namespace

Compressed reduced_heic(const std::string& file, const PhotoFacts& facts, const Order& order) {
    const HeicSource source{file};
    auto planes = source.planes();
    for (const auto& one : source.metadata())
        if (one.type != "Exif" && !(one.type == "mime" && one.content_type == "application/rdf+xml"))
            return keep("photo.heic", "this HEIC stays as it is: it holds \"" + one.type + "\" data, which would be lost");
    auto size = reduced_size(planes[0].size.width, planes[0].size.height, *order.photo.max_megapixels);
    size = {size.width & ~1, size.height & ~1};
    reduce(planes[0], size);
    for (const auto c : {1U, 2U}) reduce(planes[c], {size.width / 2, size.height / 2});

    const double floor = order.photo.floor;
    const auto sample = sampled(planes);
    const auto found = lowest_quality(kQualities, floor + kHeicMargin, kHeicStart, [&](int quality) {
        const auto bytes = encoded(sample, source, quality, 0, false);
        return compared(sample, HeicSource{bytes}.planes()).worst;
    });
    int quality = found.quality.value_or(kQualities.highest);
    for (int tries = 0; tries < kHeicMostTries && quality <= kQualities.highest; ++tries) {
        auto small = encoded(planes, source, quality, facts.quarter_turns, true);
        if (small.size() * 100 > file.size() * (100 - kHeicLeastSaving))
            return keep("compress.not_worth_it", "a HEIC is made again only if that saves " + std::to_string(kHeicLeastSaving) + "%");
        write_whole(order.result, small);
        sync(order.result);
        small = {};
        const auto back = read_back(order.result, file.size());
        const HeicSource again{back};
        const auto alike = compared(planes, again.planes());
        if (alike.worst < floor || alike.luma < kHeicWorstPsnr || alike.chroma < kHeicWorstPsnr) {
            quality += std::max(1, steps_away(alike.worst, floor));
            continue;
        }
        check_about(source, again, facts, look_at_photo(back));
        Compressed result{std::nullopt, "", "heic q" + std::to_string(quality) + " " + std::to_string(size.width) + "x" + std::to_string(size.height),
                          alike.luma, std::string("libheif ") + heif_get_version()};
        result.measures = {{"quality", quality}, {"ssim_p5", alike.worst}, {"ssim", alike.mean}, {"probes", found.probes}};
        return result;
    }
    return keep("photo.floor", "with fewer pixels it does not look as the tier asks for (floor) at any quality");
}

}  // namespace mediaferry::stages
