// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/multi_picture.h"

#include <optional>

namespace mediaferry::stages {
namespace {

constexpr std::size_t kHeader = 8;  // marker, length, "MPF\0": offsets count from behind it
constexpr unsigned kPictures = 0xB002;

/// The numbers of a TIFF block, as it orders their bytes.
class Block {
public:
    explicit Block(std::string_view bytes) : bytes_(bytes), little_(bytes.starts_with("II")) {}

    std::optional<std::uint32_t> number(std::size_t at, std::size_t length) const {
        if (at > bytes_.size() || bytes_.size() - at < length) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < length; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes_[at + (little_ ? length - 1 - i : i)]);
        return value;
    }
    static void put(char* to, std::uint32_t value, bool little) {
        for (std::size_t i = 0; i < 4; ++i) to[little ? i : 3 - i] = static_cast<char>(value >> (8 * i) & 0xFF);
    }
    bool little() const { return little_; }
    bool is_one() const { return bytes_.starts_with(std::string_view{"II*\0", 4}) || bytes_.starts_with(std::string_view{"MM\0*", 4}); }

private:
    std::string_view bytes_;
    bool little_;
};

/// Where the entries are and how many: 16 bytes each (attribute, size, offset, two more).
struct Entries {
    std::size_t at = 0, count = 0;
};

std::optional<Entries> entries_of(std::string_view segment) {
    const auto body = segment.substr(kHeader);
    const Block block{body};
    const auto directory = block.number(4, 4);
    if (!block.is_one() || !directory) return std::nullopt;
    const auto fields = block.number(*directory, 2);
    for (std::uint32_t i = 0; fields && i < *fields; ++i) {
        const auto at = std::size_t{*directory} + 2 + std::size_t{i} * 12;
        const auto tag = block.number(at, 2), length = block.number(at + 4, 4), place = block.number(at + 8, 4);
        if (!place) return std::nullopt;
        if (*tag != kPictures) continue;
        if (*length == 0 || *length % 16 != 0 || *place > body.size() || body.size() - *place < *length) return std::nullopt;
        return Entries{*place, *length / 16};
    }
    return std::nullopt;
}

}  // namespace

bool is_picture_list(std::string_view segment) {
    return segment.size() > kHeader && segment.substr(0, 2) == "\xFF\xE2" && segment.substr(4, 4) == std::string_view{"MPF\0", 4};
}

bool lies_in_trailer(std::string_view segment, std::string_view trailer) {
    const auto entries = entries_of(segment);
    if (!entries) return false;
    const Block block{segment.substr(kHeader)};
    const auto begin = static_cast<std::uint64_t>(trailer.data() - segment.data()) - kHeader;
    for (std::size_t i = 1; i < entries->count; ++i) {
        const auto size = block.number(entries->at + i * 16 + 4, 4), offset = block.number(entries->at + i * 16 + 8, 4);
        if (!size || !offset || *offset < begin || std::uint64_t{*offset} + *size > begin + trailer.size()) return false;
    }
    return true;
}

void move_pictures(char* segment, std::size_t size, std::size_t first_size, std::int64_t shift) {
    const std::string_view list{segment, size};
    const auto entries = entries_of(list);
    if (!entries) return;
    const Block block{list.substr(kHeader)};
    for (std::size_t i = 0; i < entries->count; ++i) {
        char* const entry = segment + kHeader + entries->at + i * 16;
        if (i == 0) {
            Block::put(entry + 4, static_cast<std::uint32_t>(first_size), block.little());
            continue;
        }
        const auto offset = *block.number(entries->at + i * 16 + 8, 4);
        Block::put(entry + 8, static_cast<std::uint32_t>(offset + shift), block.little());
    }
}

}  // namespace mediaferry::stages
