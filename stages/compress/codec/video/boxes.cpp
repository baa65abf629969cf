// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/video/boxes.h"

#include <algorithm>
#include <array>

namespace mediaferry::stages::mov {
namespace {

constexpr std::uint64_t kMostMovie = 64ULL << 20;  // a day of video with its sound needs a tenth of that
constexpr std::size_t kMostBoxes = 4096;
constexpr std::array<std::string_view, 8> kFirst{"ftyp", "moov", "mdat", "wide", "free", "skip", "pnot", "uuid"};  // what such files begin with
constexpr std::array<std::string_view, 6> kTakenApart{"moov", "trak", "mdia", "minf", "stbl", "tref"};

[[noreturn]] void broken(const std::string& how) { throw BadInput{"video.broken", "its index is damaged: " + how}; }

std::string read_exactly(const av::ByteSource& source, std::uint64_t at, std::uint64_t size) {
    std::string bytes(static_cast<std::size_t>(size), '\0');
    for (std::size_t done = 0; done < bytes.size();) {
        const auto got = source.read_at(at + done, bytes.data() + done, bytes.size() - done);
        if (got == 0) broken("it ends too soon");
        done += got;
    }
    return bytes;
}

}  // namespace

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t size) {
    if (at > bytes.size() || size > bytes.size() - at) broken("a box is too short");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

void set_number(std::string& bytes, std::size_t at, std::size_t size, std::uint64_t value) {
    number(bytes, at, size);
    for (std::size_t i = size; i-- > 0; value >>= 8) bytes[at + i] = static_cast<char>(value & 0xFF);
}

void add_number(std::string& bytes, std::size_t size, std::uint64_t value) {
    bytes.append(size, '\0');
    set_number(bytes, bytes.size() - size, size, value);
}

const Box* Box::find(std::string_view wanted) const {
    const auto found = std::ranges::find(boxes, wanted, &Box::type);
    return found == boxes.end() ? nullptr : &*found;
}

Box* Box::find(std::string_view wanted) { return const_cast<Box*>(static_cast<const Box*>(this)->find(wanted)); }

const Box* Box::at(std::string_view path) const {
    const Box* box = this;
    while (box != nullptr && !path.empty()) {
        box = box->find(path.substr(0, 4));
        path.remove_prefix(std::min<std::size_t>(5, path.size()));
    }
    return box;
}

Box* Box::at(std::string_view path) { return const_cast<Box*>(static_cast<const Box*>(this)->at(path)); }

std::string Box::bytes() const {
    std::string inner = payload;
    for (const auto& box : boxes) inner += box.bytes();
    std::string all;
    add_number(all, 4, inner.size() + 8);
    return all + type + inner;
}

std::vector<Box> boxes_in(std::string_view bytes, int depth) {
    std::vector<Box> all;
    while (bytes.size() >= 8) {  // QuickTime ends some lists with four zeros
        auto size = number(bytes, 0, 4);
        std::size_t header = 8;
        if (size == 1) {
            size = number(bytes, 8, 8);
            header = 16;
        } else if (size == 0) {
            size = bytes.size();
        }
        if (size < header || size > bytes.size()) broken("a box reaches past its end");
        if (all.size() >= kMostBoxes) broken("it has too many boxes");
        Box box{std::string(bytes.substr(4, 4)), {}, {}};
        const auto payload = bytes.substr(header, static_cast<std::size_t>(size) - header);
        if (depth < 8 && std::ranges::find(kTakenApart, box.type) != kTakenApart.end())
            box.boxes = boxes_in(payload, depth + 1);
        else
            box.payload = payload;
        all.push_back(std::move(box));
        bytes.remove_prefix(static_cast<std::size_t>(size));
    }
    return all;
}

Movie read_movie(const av::ByteSource& source) {
    Movie movie;
    const Piece* moov = nullptr;
    for (std::uint64_t at = 0; source.size - at >= 8;) {
        const auto head = read_exactly(source, at, std::min<std::uint64_t>(16, source.size - at));
        Piece piece{head.substr(4, 4), at, 8, number(head, 0, 4)};
        if (piece.size == 1) {
            piece.size = number(head, 8, 8);
            piece.header = 16;
        } else if (piece.size == 0) {
            piece.size = source.size - at;
        }
        if (movie.pieces.empty() && std::ranges::find(kFirst, piece.type) == kFirst.end()) throw BadInput{"video.container", "not a MOV or MP4 file"};
        if (piece.size < piece.header || piece.size > source.size - at) broken("a piece of the file is missing");
        if (movie.pieces.size() >= kMostBoxes) throw BadInput{"video.header", "it has too many pieces to be a clip"};
        at += piece.size;
        movie.pieces.push_back(std::move(piece));
    }
    for (const auto& piece : movie.pieces)
        if (piece.type == "moov") {
            if (moov != nullptr) broken("there are two");
            moov = &piece;
        }
    if (moov == nullptr) throw BadInput{"video.container", "not a MOV or MP4 file, or one that ends before its index"};
    if (moov->size > kMostMovie) throw BadInput{"video.header", "its index is too large to be true"};
    movie.moov.type = "moov";
    movie.moov.boxes = boxes_in(read_exactly(source, moov->at + moov->header, moov->size - moov->header));
    return movie;
}

}  // namespace mediaferry::stages::mov
