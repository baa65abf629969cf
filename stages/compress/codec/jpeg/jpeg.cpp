// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/jpeg.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/jpeg/coefficients.h"
#include "stages/compress/codec/jpeg/jpeg_checks.h"
#include "stages/compress/codec/jpeg/jpeg_parts.h"
#include "stages/compress/codec/jpeg/jpeg_resize.h"
#include "stages/compress/codec/jpeg/likeness.h"
#include "stages/compress/codec/jpeg/quality_search.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {
namespace {

constexpr std::size_t kLargestResult = 256U << 20;
constexpr std::size_t kMostCoefficients = 176U << 20;  // with the files and the libraries a codec program stays below 256 MiB
constexpr double kWorstPsnr = 30.0;                    // dB, brightness and colour each; far below what quality 50 gives on any photo
constexpr double kMargin = 0.0005;                     // what the sampled tiles may flatter the whole picture by, mostly
constexpr int kMostTries = 4;
constexpr int kProbesOfACopy = 12;  // its curve has a cliff, where the ones on its grid begin to fall to zero: lines across it lead astray

/// One photo on its way.
struct Work {
    const std::string& file;
    const JpegParts& parts;
    const Order& order;
    std::string tools;
    std::optional<Size> reduced = {};                 ///< when it is to have fewer pixels
    std::unique_ptr<Coefficients> coefficients = {};  ///< what the small copy is made of and held against
    int probes = 0;
};

/// The picture alone, without what lies behind it.
std::string_view picture_of(std::string_view file, const JpegParts& parts) { return file.substr(0, file.size() - parts.trailer.size()); }

/// How the file that lies there now compares with what it was made of, judged by `compare`, which decodes it in full; its metadata are checked.
template <class Compare>
Likeness written(const Work& work, std::string small, const Compare& compare) {
    write_whole(work.order.result, small);
    sync(work.order.result);
    small = {};  // what counts is what is read back
    const auto back = read_back(work.order.result, kLargestResult);
    const auto parts = take_apart(back);
    check_metadata(work.parts, parts);
    return compare(picture_of(back, parts));
}

Compressed made(const Work& work, const Likeness& alike, std::string how) {
    Compressed result{std::nullopt, "", std::move(how), alike.luma, work.tools};
    result.measures = {{"ssim_p5", alike.worst}, {"ssim", alike.mean}, {"psnr_luma", alike.luma}, {"psnr_chroma", alike.chroma}};
    result.measures["probes"] = work.probes;
    return result;
}

const Compressed kNotSmaller = keep("compress.not_worth_it", "the small copy would not be smaller");

/// The same pixels, better packed.
Compressed repacked(Work& work) {
    const auto original = picture_of(work.file, work.parts);
    auto pixels = (work.coefficients ? std::move(work.coefficients) : std::make_unique<Coefficients>(original))->repacked();
    auto small = put_together(work.parts, take_apart(pixels));
    pixels = {};
    if (small.size() >= work.file.size()) return kNotSmaller;
    const auto alike = written(work, std::move(small), [&](std::string_view picture) { return likeness(original, picture); });
    if (alike.luma < 99 || alike.chroma < 99) throw TransientError{"photo.check", "repacking changed pixels"};
    return made(work, alike, "jpeg repacked");
}

/// When no quality of the tier looks good enough.
Compressed not_reached(Work& work) {
    if (!work.reduced) return repacked(work);
    return keep("photo.floor",
                "with fewer pixels it does not look as the tier asks for (floor) at any quality up to " + std::to_string(work.order.photo.quality));
}

/// What is held against a small copy, because its original is away, may lose two thirds as much again only: the copy has lost once. On the photo
/// corpus that comes to the likeness of one made of the original within 0.006 (mean SSIM), in 1.05 to 1.08 times its bytes; a half to 0.003 in 1.14
/// times.
double floor_of(const Order& order) { return order.from_copy ? 1 - (1 - order.photo.floor) * 0.68 : order.photo.floor; }

bool holds(const Work& work, const Likeness& alike) {
    return alike.worst >= floor_of(work.order) && alike.luma >= kWorstPsnr && alike.chroma >= kWorstPsnr;
}

/// The lowest quality that reaches the floor: searched on samples, then proven on the whole file as it lies there.
Compressed coarser(Work& work) {
    const auto& tier = work.order.photo;
    QualityRange range{std::min(tier.min_quality, tier.quality), tier.quality};
    if (work.order.from_copy) range.most_probes = kProbesOfACopy;
    auto& coefficients = *work.coefficients;
    if (!coefficients.is_grey_or_ycc()) return not_reached(work);
    const double floor = floor_of(work.order);
    const auto found = lowest_quality(range, floor + kMargin, start_for(floor), [&](int quality) { return coefficients.sampled(quality).worst(); });
    work.probes = found.probes;
    int quality = found.quality.value_or(range.highest);  // the sample may be a little too strict
    for (int tries = 0; tries < kMostTries && quality <= range.highest; ++tries) {
        if (!work.reduced && !coefficients.changes_at(quality)) break;
        auto pixels = coefficients.requantised(quality);
        auto small = put_together(work.parts, take_apart(pixels));
        pixels = {};
        if (small.size() >= work.file.size()) return kNotSmaller;
        const auto alike = written(work, std::move(small), [&](std::string_view picture) { return coefficients.likeness_of(picture); });
        if (!holds(work, alike)) {
            quality += std::max(1, steps_away(alike.worst, floor));
            continue;
        }
        auto result = made(work, alike, "jpeg q" + std::to_string(quality));
        result.measures["quality"] = quality;
        return result;
    }
    return not_reached(work);
}

double megapixels(const JpegParts& parts) { return static_cast<double>(parts.width) * parts.height / 1e6; }

Compressed with_fewer_pixels(Work& work, const Reducer& reducer) {
    const bool plain =
        plainly_reduced_size(static_cast<int>(work.parts.width), static_cast<int>(work.parts.height), *work.order.photo.max_megapixels).has_value();
    if (!plain && !reducer.reduce) throw craft::Elsewhere{};
    if (!plain) work.tools += ", " + reducer.library;
    auto planes = reduced_planes(picture_of(work.file, work.parts), *work.order.photo.max_megapixels, reducer);
    work.reduced = planes.front().size;
    work.coefficients = std::make_unique<Coefficients>(std::move(planes));
    auto result = coarser(work);
    if (result.kept) return result;
    result.how += " " + std::to_string(work.reduced->width) + "x" + std::to_string(work.reduced->height);
    return result;
}

}  // namespace

/// Every metadata segment of the small copy is the original's, byte for byte, and the orientation with it.
Compressed smaller_jpeg(const std::string& file, const Order& order, const Reducer& reducer) {
    const auto parts = take_apart(file);
    if (const auto why = exotic(parts)) return *why;
    Work work{file, parts, order, jpeg_library()};
    const bool fewer = !order.photo.lossless && order.photo.max_megapixels && is_larger(parts.width, parts.height, *order.photo.max_megapixels);
    const bool streams = fewer && parts.scan_count == 1;  // only a picture of several scans is held whole while it is reduced
    if (!streams && coefficient_bytes(megapixels(parts), parts.full_chroma) > kMostCoefficients)
        return keep("photo.size", "too large to be worked on in the memory that a photo is given");
    if (order.photo.lossless) return repacked(work);
    if (fewer) return with_fewer_pixels(work, reducer);
    using enum Coefficients::Generation;
    work.coefficients = std::make_unique<Coefficients>(picture_of(file, parts), order.from_copy ? copy : original);
    return coarser(work);
}

}  // namespace mediaferry::stages
