// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/wire.h"

#include <cmath>

namespace mediaferry::icloud::wire {
namespace {

const json kNull;
constexpr int kDeepest = 64;  // Apple's answers are about ten deep; a deeper one would only exhaust the stack

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

void bad_answer(const std::string& what) {
    throw TransientError{"icloud.bad_answer", "iCloud's answer makes no sense (" + what + "); it is asked again later"};
}

json parse(std::string_view body) {
    const json::parser_callback_t not_too_deep = [](int depth, json::parse_event_t, json&) {
        if (depth > kDeepest) bad_answer("nested too deep");
        return true;
    };
    json value;
    try {
        value = json::parse(body, not_too_deep);
    } catch (const json::exception&) {
        bad_answer(std::to_string(body.size()) + " bytes that are not JSON");
    }
    if (!value.is_object()) bad_answer("not an object");
    return value;
}

const json& at(const json& object, std::string_view key) {
    if (!object.is_object()) return kNull;
    const auto found = object.find(key);
    return found == object.end() ? kNull : *found;
}

const json& field(const json& record, std::string_view key) { return at(at(at(record, "fields"), key), "value"); }

std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : std::string{}; }

std::int64_t number(const json& value, std::int64_t otherwise) {
    if (value.is_number_unsigned()) {
        const auto n = value.get<std::uint64_t>();
        return n > static_cast<std::uint64_t>(INT64_MAX) ? otherwise : static_cast<std::int64_t>(n);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (value.is_number_float()) {
        const double n = value.get<double>();
        return std::isfinite(n) && std::fabs(n) < 9e18 ? static_cast<std::int64_t>(n) : otherwise;
    }
    if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
    return otherwise;
}

std::string base64(std::string_view bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](std::size_t k) -> unsigned { return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U; };
        const unsigned n = byte(0) << 16 | byte(1) << 8 | byte(2);
        out += kAlphabet[n >> 18];
        out += kAlphabet[n >> 12 & 63];
        out += i + 1 < bytes.size() ? kAlphabet[n >> 6 & 63] : '=';
        out += i + 2 < bytes.size() ? kAlphabet[n & 63] : '=';
    }
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string out;
    unsigned bits = 0, have = 0;
    for (const char c : text) {
        const auto at = kAlphabet.find(c);
        if (at == std::string_view::npos) return std::nullopt;
        bits = bits << 6 | static_cast<unsigned>(at);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out += static_cast<char>(bits >> have & 0xff);
        }
    }
    return out;
}

json zone_id(const Library& library) {
    json id{{"zoneName", library.zone}};
    if (!library.owner.empty()) id["ownerRecordName"] = library.owner;
    return id;
}

json string_filter(std::string_view name, std::string_view value) {
    return {{"fieldName", name}, {"comparator", "EQUALS"}, {"fieldValue", {{"type", "STRING"}, {"value", value}}}};
}

json number_filter(std::string_view name, std::int64_t value) {
    return {{"fieldName", name}, {"comparator", "EQUALS"}, {"fieldValue", {{"type", "INT64"}, {"value", value}}}};
}

}  // namespace mediaferry::icloud::wire
