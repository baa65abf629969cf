// SPDX-License-Identifier: GPL-3.0-or-later
// A clip made smaller: may it be, how far, do it, and is it what was promised.

#include <malloc.h>

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <map>
#include <optional>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/result_file.h"
#include "stages/compress/codec/video/index.h"
#include "stages/compress/codec/video/samples.h"
#include "stages/compress/codec/video/search.h"
#include "stages/compress/codec/video/ssim.h"
#include "stages/compress/codec/video/transcoding.h"
#include "stages/compress/codec/video/video_check.h"

namespace mediaferry::stages {
namespace {

constexpr double kSampleError = 1.1;  // short pieces have more key pictures than the whole

double cpu_now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

const mov::Track& pictures_of(const mov::Header& header) {
    for (const auto& track : header.tracks)
        if (track.handler == "vide") return track;
    throw BadInput{"video.no_video", "it has no video track"};
}

class Commission {
public:
    Commission(const Order& order, const av::ByteSource& source)
        : order_(order), tier_(order.video), source_(source), header_(mov::read_header(source)) {}

    Compressed carry_out() {
        {
            av::Clip samples{source_};
            const auto* first = samples.next_frame();
            if (first == nullptr) throw BadInput{"video.broken", "none of its pictures can be decoded"};
            if (auto why = unsuited(source_, header_, samples, first, tier_)) return *why;
            look_ = look_of(samples, first, tier_);
            if (const auto what = does_not_fit(samples, look_, tier_, order_.container); !what.empty())
                return keep("video.container", what + " does not fit into " + order_.container);
            base_layer_only_ = samples.dolby_vision() != nullptr;
            efficient_ = is_efficient(samples.video()->codecpar->codec_id);
            measures_["seconds"] = samples.seconds();
            if (auto why = choose(samples)) return *why;
        }
        return make();
    }

    std::map<std::string, double> measures() const { return measures_; }

private:
    /// The CRF by samples, or why no CRF would do.
    std::optional<Compressed> choose(av::Clip& clip) {
        scale_ = scale_of(tier_);
        chosen_.crf = tier_.quality;
        chosen_.slope = scale_.slope;
        std::map<double, Probe> probes;
        if (tier_.floor > 0) {
            chosen_ = find_crf(tier_.floor, tier_.quality, scale_, [&](double crf) {
                const auto& tried = probes[crf] = try_on(clip, crf);
                return percentile(tried.ssims, 5);
            });
            measures_["probes"] = chosen_.probes;
            if (!chosen_.reaches) return keep("video.floor", "no CRF that the tier allows keeps it as alike as the tier's floor asks");
        } else if (efficient_) {
            probes[chosen_.crf] = try_on(clip, chosen_.crf);
        }
        if (probes.empty()) return std::nullopt;
        const auto expected = rate_at(probes, chosen_.crf) * clip.seconds();
        measures_["expected_bytes"] = std::round(expected);
        if (expected > kSampleError * most_bytes()) return too_large();
        return std::nullopt;
    }

    /// Bytes a second, by the tries on both sides or the nearest one.
    static double rate_at(const std::map<double, Probe>& probes, double crf) {
        const auto rate = [](const Probe& probe) { return std::max(1.0, static_cast<double>(probe.bytes) / probe.seconds); };
        const auto above = probes.lower_bound(crf);
        if (above == probes.end()) return rate(probes.rbegin()->second);
        if (above == probes.begin() || above->first == crf) return rate(above->second);
        const auto below = std::prev(above);
        const double share = (crf - below->first) / (above->first - below->first);
        return std::pow(rate(below->second), 1 - share) * std::pow(rate(above->second), share);
    }

    Probe try_on(av::Clip& clip, double crf) {
        try {
            return probe(clip, spans_, look_, tier_, crf);
        } catch (const BadInput&) {
            if (spans_.size() == 1 && spans_[0].from == 0) throw;
            spans_ = {{0, 6}};  // some clips cannot be begun in the middle
            return probe(clip, spans_, look_, tier_, crf);
        }
    }

    /// What the pictures may come to.
    double most_bytes() const {
        const auto now = static_cast<double>(pictures_of(header_).bytes);
        return efficient_ ? now * (100 - tier_.efficient_saving_percent) / 100 : now;
    }

    Compressed too_large() const {
        if (efficient_)
            return keep("video.efficient", "it is in an efficient codec already, and would not get " +
                                               std::to_string(tier_.efficient_saving_percent) + "% smaller at this quality");
        return keep("compress.not_worth_it", "the small copy would not be smaller");
    }

    Compressed make() {
        for (const bool last : {false, true}) {
            const auto began = cpu_now();
            if (!encode()) return too_large();
            const auto encoded = cpu_now();
            const auto verified = check_video(source_, header_, av::file_source(order_.result), look_, tier_);
            measures_["encode_cpu_seconds"] += encoded - began;
            measures_["verify_cpu_seconds"] += cpu_now() - encoded;
            measures_["quality"] = chosen_.crf;
            measures_["ssim_p5"] = verified.ssim_p5;
            measures_["ssim_mean"] = verified.ssim_mean;
            if (verified.ssim_p5 >= tier_.floor) return made(verified);
            const auto better = better_crf(chosen_.crf, verified.ssim_p5, tier_.floor, chosen_.slope, scale_);
            if (last || better >= chosen_.crf) break;
            chosen_.crf = better;
        }
        return keep("video.floor", "the finished copy is not as alike as the tier's floor asks");
    }

    Compressed made(const Verified& verified) const {
        if (efficient_ && static_cast<double>(mov_bytes()) > most_bytes()) return too_large();
        Compressed result;
        result.how = tier_.codec + " crf " + crf_text(chosen_.crf) + " " + tier_.preset + (base_layer_only_ ? ", without its Dolby Vision" : "");
        result.psnr = verified.psnr;
        result.tools = craft::library();
        return result;
    }

    std::uint64_t mov_bytes() const { return pictures_of(mov::read_header(av::file_source(order_.result))).bytes; }

    /// False: it grew larger than the original.
    bool encode() {
        set_size(order_.result, 0);
        av::Clip clip{source_};
        clip.listen();
        if (!Transcoding{clip, look_, tier_, chosen_.crf, order_.container, header_.timescale, order_.result}.run(order_.size.count)) return false;
        mov::finish(source_, header_, order_.result, order_.container, look_.source != look_.target);
        sync(order_.result);
        const auto stored = pictures_of(header_).samples;
        if (clip.frames() != stored)
            throw BadInput{"video.frames",
                           "only " + std::to_string(clip.frames()) + " of its " + std::to_string(stored) + " pictures can be decoded"};
        measures_["frames"] = static_cast<double>(stored);
        return true;
    }

    const Order& order_;
    const config::VideoTier& tier_;
    const av::ByteSource& source_;
    mov::Header header_;
    Look look_;
    bool efficient_ = false, base_layer_only_ = false;
    // AV1's pictures refer to each other over half a second and more: shorter pieces come out better than the clip will.
    std::vector<Span> spans_ = spans_of(pictures_of(header_).seconds, tier_.codec == "av1" ? 1.2 : 0.6);
    CrfScale scale_;
    Chosen chosen_;
    std::map<std::string, double> measures_;
};

}  // namespace

void craft::prepare() {
    av_log_set_level(AV_LOG_ERROR);
    ::setenv("SVT_LOG", "1", 1);  // errors only
#if defined(__GLIBC__)
    // Pictures go back to the system as soon as they are done with: what one encoder held is not still there beside the next one's.
    ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
    ::mallopt(M_ARENA_MAX, 2);
#endif
}

std::string craft::library() { return std::string("FFmpeg ") + av_version_info(); }

Compressed craft::make(const Order& order) {
    if (order.from_copy) return keep("video.second_generation", "a clip is made smaller from its original only, never from a small copy");
    OriginalBytes bytes{order};
    const av::ByteSource source{bytes.size(), [&](std::uint64_t offset, char* to, std::size_t most) { return bytes.read_at(offset, to, most); }};
    Commission commission{order, source};
    auto result = commission.carry_out();
    result.measures = commission.measures();
    return result;
}

}  // namespace mediaferry::stages
