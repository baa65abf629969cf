// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/header_gate.h"

#include <algorithm>

#include "stages/compress/codec/video/header_boxes.h"

namespace mediaferry::stages::mov {
namespace {

constexpr std::size_t kMostTracks = 16;
constexpr double kLongest = 24 * 3600;  // seconds

[[noreturn]] void untrue(const std::string& what) { throw BadInput{"video.header", "its index cannot be true: " + what}; }

/// A table of a sample table box: version and flags, `skip` bytes more, a count, entries. Checked to lie inside the box.
struct Table {
    std::string_view bytes;
    std::size_t first = 0, entry = 0;
    std::uint64_t count = 0;
    std::uint64_t at(std::uint64_t index, std::size_t offset, std::size_t size) const {
        return number(bytes, first + static_cast<std::size_t>(index) * entry + offset, size);
    }
};

Table table(const Box* box, std::size_t skip, std::size_t entry, const char* name) {
    if (box == nullptr) return {};
    Table found{box->payload, 8 + skip, entry, number(box->payload, 4 + skip, 4)};
    if (found.count > (found.bytes.size() - std::min(found.bytes.size(), found.first)) / entry)
        untrue(std::string(name) + " has more entries than bytes");
    return found;
}

double seconds_of(const Box* box) {
    if (box == nullptr) untrue("a track without a header");
    const Places places{*box};
    const auto scale = get(*box, places.timescale), duration = get(*box, places.duration);
    if (scale == 0) untrue("a clock that stands still");
    if (duration == (places.duration.size == 8 ? ~0ULL : 0xFFFFFFFFULL)) return 0;  // "not known"
    const double seconds = static_cast<double>(duration) / static_cast<double>(scale);
    if (seconds > kLongest) untrue("longer than a day");
    return seconds;
}

std::uint64_t total(const Table& times, const char* name, std::uint64_t samples) {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < times.count && sum <= samples; ++i) sum += times.at(i, 0, 4);
    if (sum != samples) untrue(std::string(name) + " is about another number of samples");
    return sum;
}

/// Sizes of the samples, one after the other.
class Sizes {
public:
    Sizes(const Box& stbl, std::uint64_t file) {
        if (const auto* stsz = stbl.find("stsz")) {
            same_ = number(stsz->payload, 4, 4);
            count_ = number(stsz->payload, 8, 4);
            if (same_ == 0) table_ = table(stsz, 4, 4, "stsz");
        } else if (const auto* stz2 = stbl.find("stz2")) {
            const auto bits = number(stz2->payload, 7, 1);
            if (bits != 8 && bits != 16) untrue("sizes of half bytes");
            table_ = table(stz2, 4, bits / 8, "stz2");
            count_ = table_.count;
        } else {
            untrue("a track without sizes");
        }
        if (count_ > file || (same_ != 0 && same_ > file / std::max<std::uint64_t>(1, count_))) untrue("more samples than bytes");
    }
    std::uint64_t count() const { return count_; }
    std::uint64_t of(std::uint64_t sample) const { return same_ != 0 ? same_ : table_.at(sample, 0, table_.entry); }

private:
    std::uint64_t same_ = 0, count_ = 0;
    Table table_;
};

std::vector<Chunk> chunks_of(const Box& stbl, const Sizes& sizes, std::uint64_t file) {
    const bool wide = stbl.find("stco") == nullptr;
    const auto offsets = wide ? table(stbl.find("co64"), 0, 8, "co64") : table(stbl.find("stco"), 0, 4, "stco");
    const auto runs = table(stbl.find("stsc"), 0, 12, "stsc");
    std::vector<Chunk> chunks;
    std::uint64_t sample = 0, run = 0;
    for (std::uint64_t i = 0; i < offsets.count; ++i) {
        while (run + 1 < runs.count && runs.at(run + 1, 0, 4) <= i + 1) ++run;
        if (run >= runs.count || runs.at(run, 0, 4) > i + 1) untrue("chunks without samples");
        Chunk chunk{offsets.at(i, 0, offsets.entry), 0};
        const auto in_chunk = runs.at(run, 4, 4);
        if (in_chunk > sizes.count() - sample) untrue("more samples in chunks than in sum");
        for (std::uint64_t k = 0; k < in_chunk; ++k, ++sample) chunk.size += sizes.of(sample);
        if (chunk.at > file || chunk.size > file - chunk.at) throw BadInput{"video.broken", "a part of its pictures or sound is missing at its end"};
        chunks.push_back(chunk);
    }
    if (sample != sizes.count()) untrue("samples without chunks");
    return chunks;
}

Track track_of(const Box& trak, std::uint64_t file) {
    Track track;
    const auto* tkhd = trak.find("tkhd");
    const auto* hdlr = trak.at("mdia/hdlr");
    const auto* stbl = trak.at("mdia/minf/stbl");
    if (tkhd == nullptr || hdlr == nullptr || stbl == nullptr) untrue("a track without its parts");
    track.id = static_cast<std::uint32_t>(get(*tkhd, Places{*tkhd}.track));
    number(hdlr->payload, 8, 4);
    track.handler = hdlr->payload.substr(8, 4);
    track.seconds = seconds_of(trak.at("mdia/mdhd"));
    if (const auto* stsd = stbl->find("stsd")) {
        const auto kinds = number(stsd->payload, 4, 4);
        if (kinds > stsd->payload.size() / 8) untrue("stsd has more entries than bytes");
        track.kinds = static_cast<int>(kinds);
        if (kinds > 0 && stsd->payload.size() >= 16) track.kind = stsd->payload.substr(12, 4);
    }
    const Sizes sizes{*stbl, file};
    track.samples = sizes.count();
    total(table(stbl->find("stts"), 0, 8, "stts"), "stts", track.samples);
    if (const auto* ctts = stbl->find("ctts")) total(table(ctts, 0, 8, "ctts"), "ctts", track.samples);
    track.chunks = chunks_of(*stbl, sizes, file);
    for (const auto& chunk : track.chunks) track.bytes += chunk.size;
    return track;
}

}  // namespace

Header read_header(const av::ByteSource& source) {
    Header header;
    header.movie = read_movie(source);
    const auto& moov = header.movie.moov;
    const auto* mvhd = moov.find("mvhd");
    seconds_of(mvhd);
    header.timescale = static_cast<std::uint32_t>(get(*mvhd, Places{*mvhd}.timescale));
    header.fragmented =
        moov.find("mvex") != nullptr || std::ranges::any_of(header.movie.pieces, [](const Piece& piece) { return piece.type == "moof"; });
    for (const auto& trak : moov.boxes) {
        if (trak.type != "trak") continue;
        if (header.tracks.size() >= kMostTracks) untrue("more than 16 tracks");
        header.tracks.push_back(track_of(trak, source.size));
    }
    if (header.tracks.empty()) untrue("no track");
    return header;
}

}  // namespace mediaferry::stages::mov
