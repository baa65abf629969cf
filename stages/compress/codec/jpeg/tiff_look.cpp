// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/tiff_look.h"

#include <algorithm>
#include <deque>
#include <set>
#include <vector>

#include "stages/compress/codec/jpeg/bounded.h"

namespace mediaferry::stages {
namespace {

constexpr std::size_t kMostDirectories = 64;
constexpr std::uint64_t kMostTiffValues = 64;

// Tags, as TIFF 6, EXIF 2.3 and DNG 1.6 number them.
constexpr std::uint32_t kNewSubfileType = 0x00FE, kTagWidth = 0x0100, kTagHeight = 0x0101, kTagBits = 0x0102, kTagCompression = 0x0103,
                        kPhotometric = 0x0106, kSubDirectories = 0x014A, kTagExif = 0x8769, kCustomRendered = 0xA401, kDngVersion = 0xC612;
constexpr std::uint64_t kColourFilterArray = 32803, kLinearRaw = 34892, kRenderedPanorama = 6;
/// Sony, Nikon, Samsung, Pentax, Kodak: ways to pack a sensor's samples that nothing else uses.
constexpr std::uint64_t kRawCompressions[] = {32767, 32769, 32770, 34713, 65000, 65535};

/// Classic TIFF has entries of 12 bytes, BigTIFF of 20.
struct TiffLayout {
    bool large = false;
    unsigned count_size() const { return large ? 8 : 2; }
    unsigned offset_size() const { return large ? 8 : 4; }
    unsigned entry_size() const { return large ? 20 : 12; }
};

unsigned size_of_type(std::uint32_t type) {
    switch (type) {
        case 1:
        case 2:
        case 6:
        case 7: return 1;
        case 3:
        case 8: return 2;
        case 4:
        case 9:
        case 13: return 4;
        case 16:
        case 17:
        case 18: return 8;
        default: return 0;  // fractions: none of the tags looked for has one
    }
}

class TiffWalk {
public:
    TiffWalk(std::string_view file, bool big_endian, TiffLayout layout) : in_(file, big_endian), layout_(layout) {}

    TiffFacts operator()(std::uint64_t first) {
        facts_.is_tiff = true;
        follow(first);
        for (bool main = true; !open_.empty() && seen_.size() <= kMostDirectories; main = false) {
            const auto at = open_.front();
            open_.pop_front();
            directory(at, main);
        }
        facts_.raw = facts_.raw || facts_.dng || (preview_first_ && full_elsewhere_);
        return facts_;
    }

private:
    void follow(std::uint64_t at) {
        if (at != 0 && seen_.insert(at).second) open_.push_back(at);
    }

    void directory(std::uint64_t at, bool main) {
        const auto count = in_.number(at, layout_.count_size());
        if (!count || !in_.part(at, layout_.count_size() + std::min<std::uint64_t>(*count, 1U << 16) * layout_.entry_size())) {
            facts_.cut = true;
            return;
        }
        const auto entries = std::min<std::uint64_t>(*count, 1U << 16);
        auto entry = at + layout_.count_size();
        std::uint64_t subfile = 0;
        for (std::uint64_t i = 0; i < entries; ++i, entry += layout_.entry_size()) {
            const auto tag = in_.word(entry).value_or(0);
            if (tag == kNewSubfileType) subfile = value(entry);
            take(tag, entry, main);
        }
        if (main)
            preview_first_ = (subfile & 1) != 0;
        else if ((subfile & 1) == 0 && pictured_)
            full_elsewhere_ = true;
        pictured_ = false;
        follow(in_.number(entry, layout_.offset_size()).value_or(0));
    }

    void take(std::uint32_t tag, std::uint64_t entry, bool main) {
        if (tag == kDngVersion) facts_.dng = true;
        if (tag == kTagWidth) pictured_ = true;
        if (tag == kPhotometric) facts_.raw |= value(entry) == kColourFilterArray || value(entry) == kLinearRaw;
        if (tag == kTagCompression) facts_.raw |= std::ranges::count(kRawCompressions, value(entry)) > 0;
        if (tag == kCustomRendered) facts_.panorama |= value(entry) == kRenderedPanorama;
        if (tag == kSubDirectories || tag == kTagExif)
            for (const auto at : values(entry)) follow(at);
        if (!main) return;
        if (tag == kTagWidth) facts_.width = static_cast<std::uint32_t>(value(entry));
        if (tag == kTagHeight) facts_.height = static_cast<std::uint32_t>(value(entry));
        if (tag == kTagBits) facts_.depth = static_cast<int>(std::min<std::uint64_t>(value(entry), 64));
    }

    /// The numbers of an entry, in it or where it points to. An entry that points outside has none.
    std::vector<std::uint64_t> values(std::uint64_t entry) {
        const auto size = size_of_type(in_.word(entry + 2).value_or(0));
        const auto count = std::min(in_.number(entry + 4, layout_.offset_size()).value_or(0), kMostTiffValues);
        if (size == 0 || count == 0) return {};
        auto at = entry + 4 + layout_.offset_size();
        if (size * count > layout_.offset_size()) at = in_.number(at, layout_.offset_size()).value_or(0);
        std::vector<std::uint64_t> found;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto one = in_.number(at + i * size, size);
            if (!one) {
                facts_.cut = true;
                break;
            }
            found.push_back(*one);
        }
        return found;
    }
    std::uint64_t value(std::uint64_t entry) {
        const auto all = values(entry);
        return all.empty() ? 0 : all.front();
    }

    Bounded in_;
    TiffLayout layout_;
    TiffFacts facts_;
    std::deque<std::uint64_t> open_;
    std::set<std::uint64_t> seen_;
    bool preview_first_ = false, full_elsewhere_ = false, pictured_ = false;
};

}  // namespace

TiffFacts look_at_tiff(std::string_view file) {
    const bool big = file.starts_with("MM");
    if (!big && !file.starts_with("II")) return {};
    const Bounded in{file, big};
    const auto version = in.word(2);
    if (version == 43U && in.word(4) == 8U) return TiffWalk{file, big, {true}}(in.number(8, 8).value_or(0));
    // 0x55: Panasonic; "RO", "RS": Olympus. Their directories are TIFF's, their samples a sensor's.
    const bool camera = version == 0x55U || version == 0x4F52U || version == 0x5352U;
    if (version != 42U && !camera) return {};
    auto facts = TiffWalk{file, big, {}}(in.quad(4).value_or(0));
    facts.raw = facts.raw || camera || in.says(8, "CR\x02");
    return facts;
}

}  // namespace mediaferry::stages
