// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/log/logfmt.h"

#include "common/types/utf8.h"

namespace mediaferry::log {
namespace {

unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

std::string in_hex(unsigned char byte) {
    constexpr std::string_view digits = "0123456789abcdef";
    return {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
}

std::string escaped(std::string_view piece) {
    if (piece == "\n") return "\\n";
    if (piece == "\r") return "\\r";
    if (piece == "\t") return "\\t";
    if (piece == "\"" || piece == "\\") return "\\" + std::string(piece);
    const bool control = byte_at(piece, 0) < 0x20 || byte_at(piece, 0) == 0x7F;
    // U+0080 to U+009F are control characters too: U+009B begins a terminal sequence.
    const bool high_control = piece.size() == 2 && byte_at(piece, 0) == 0xC2 && byte_at(piece, 1) < 0xA0;
    if (control) return in_hex(byte_at(piece, 0));
    if (high_control) return in_hex(byte_at(piece, 0)) + in_hex(byte_at(piece, 1));
    return std::string(piece);
}

}  // namespace

std::string quoted(std::string_view value, bool always) {
    std::string text;
    bool plain = !value.empty() && !always;
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t length = utf8_length(value, at);
        const std::string shown = length == 0 ? in_hex(byte_at(value, at)) : escaped(value.substr(at, length));
        if (length == 0 || shown.size() != length || value[at] == ' ' || value[at] == '=') plain = false;
        text += shown;
        at += length == 0 ? 1 : length;
    }
    return plain ? text : "\"" + text + "\"";
}

std::string logfmt(const Fields& fields) {
    std::string line;
    for (const Field& field : fields) line += " " + field.name + "=" + quoted(field.value);
    return line;
}

std::string field_name(std::string_view name) {
    std::string safe;
    for (const char c : name) {
        if (c >= 'a' && c <= 'z') {
            safe += static_cast<char>(c - 'a' + 'A');
        } else {
            safe += (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_';
        }
    }
    // journald keeps names with a leading underscore to itself and drops those that begin with a digit.
    if (safe.empty() || safe.front() == '_' || (safe.front() >= '0' && safe.front() <= '9')) safe.insert(0, "F");
    return safe;
}

}  // namespace mediaferry::log
