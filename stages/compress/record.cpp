// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/record.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace mediaferry::stages {

using nlohmann::json;

namespace {
/// Four digits say all that a measurement is worth.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }
}  // namespace

std::string to_json(const Record& record) {
    json out{{"tier", record.tier},
             {"tier_since", to_iso(record.tier_since)},
             {"policy", record.policy},
             {"from", record.from_copy ? "copy" : "original"},
             {"original_sha256", to_hex(record.original)},
             {"sha256", to_hex(record.copy)},
             {"bytes_before", record.before.count},
             {"bytes_after", record.after.count},
             {"path", record.path.string()},
             {"at", to_iso(record.at)}};
    if (record.cpu_seconds > 0) out["cpu_seconds"] = rounded(record.cpu_seconds);
    for (const auto& [name, value] : record.measures) out["measures"][name] = rounded(value);
    if (record.kept) {
        out["kept"] = {{"code", record.kept->code}, {"text", record.kept->text}};
    } else {
        out["how"] = record.how;
        out["psnr"] = rounded(record.psnr);
        out["tools"] = record.tools;
    }
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

namespace {
std::optional<Record> read(const json& in) {
    if (!in.is_object()) return std::nullopt;
    try {
        Record record;
        record.tier = in.at("tier").get<std::string>();
        const auto original = sha256_from_hex(in.at("original_sha256").get<std::string>());
        const auto copy = sha256_from_hex(in.at("sha256").get<std::string>());
        const auto at = from_iso(in.at("at").get<std::string>());
        if (!original || !copy || !at) return std::nullopt;
        record.original = *original;
        record.copy = *copy;
        record.at = *at;
        record.tier_since = from_iso(in.value("tier_since", "")).value_or(*at);
        record.policy = in.value("policy", "");
        record.from_copy = in.value("from", "") == "copy";
        record.before = Bytes{in.at("bytes_before").get<std::uint64_t>()};
        record.after = Bytes{in.at("bytes_after").get<std::uint64_t>()};
        record.path = in.at("path").get<std::string>();
        record.cpu_seconds = in.value("cpu_seconds", 0.0);
        if (in.contains("measures")) record.measures = in["measures"].get<std::map<std::string, double>>();
        if (in.contains("kept")) record.kept = Reason{in["kept"].at("code").get<std::string>(), in["kept"].at("text").get<std::string>()};
        record.how = in.value("how", "");
        record.tools = in.value("tools", "");
        record.psnr = in.value("psnr", 0.0);
        return record;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}
}  // namespace

std::optional<Record> record_from(const std::string& text) { return read(json::parse(text, nullptr, false)); }

std::string with_intention(const std::string& text, const Record& record) {
    auto all = json::parse(text, nullptr, false);
    if (!all.is_object()) all = json::object();
    all["intention"] = json::parse(to_json(record));
    return all.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<Record> intention_in(const std::string& text) {
    const auto all = json::parse(text, nullptr, false);
    return all.is_object() && all.contains("intention") ? read(all["intention"]) : std::nullopt;
}

}  // namespace mediaferry::stages
