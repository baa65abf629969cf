// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/order.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace mediaferry::stages {
namespace {

using nlohmann::json;

constexpr std::size_t kMostMeasures = 32;
constexpr std::array<std::string_view, 3> kTasks{"photo", "video", "restore"};
constexpr std::array<std::string_view, 6> kOutcomes{"made", "kept", "broken", "failed", "person", "elsewhere"};

/// One line of printable characters: it goes into the database and before a person's eyes.
std::string line(const json& value, std::size_t longest = 400) {
    auto text = value.get<std::string>().substr(0, longest);
    for (auto& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = '?';
    return text;
}

/// Numbers by short names of lower-case letters, digits and underscores; what is anything else is dropped.
std::map<std::string, double> measures_from(const json& object) {
    std::map<std::string, double> measures;
    if (!object.is_object()) return measures;
    for (const auto& [name, value] : object.items()) {
        const bool plain = !name.empty() && name.size() <= 24 && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
        if (plain && value.is_number() && measures.size() < kMostMeasures) measures.emplace(name, value.get<double>());
    }
    return measures;
}

Sha256 checksum_from(const json& text) {
    const auto sha256 = sha256_from_hex(text.get<std::string>());
    if (!sha256) throw BadInput{"codec.order", "an order without the checksum of its original"};
    return *sha256;
}

json photo_json(const config::PhotoTier& tier) {
    json object{{"quality", tier.quality}, {"min_quality", tier.min_quality}, {"floor", tier.floor}, {"lossless", tier.lossless},
                {"png", tier.png},         {"jpeg_xl", tier.jpeg_xl},         {"heic", tier.heic}};
    if (tier.max_megapixels) object["max_megapixels"] = *tier.max_megapixels;
    return object;
}

json video_json(const config::VideoTier& tier) {
    json object{{"codec", tier.codec},
                {"quality", tier.quality},
                {"preset", tier.preset},
                {"floor", tier.floor},
                {"efficient_saving", tier.efficient_saving_percent},
                {"dolby_vision", tier.dolby_vision}};
    if (tier.max_long_edge) object["max_long_edge"] = *tier.max_long_edge;
    if (tier.min_crf) object["min_crf"] = *tier.min_crf;
    if (tier.max_crf) object["max_crf"] = *tier.max_crf;
    return object;
}

config::PhotoTier photo_from(const json& object) {
    config::PhotoTier tier;
    tier.quality = object.at("quality").get<int>();
    tier.min_quality = object.at("min_quality").get<int>();
    tier.floor = object.at("floor").get<double>();
    tier.lossless = object.at("lossless").get<bool>();
    tier.png = object.at("png").get<std::string>();
    tier.jpeg_xl = object.at("jpeg_xl").get<bool>();
    tier.heic = object.at("heic").get<std::string>();
    if (object.contains("max_megapixels")) tier.max_megapixels = object["max_megapixels"].get<double>();
    return tier;
}

config::VideoTier video_from(const json& object) {
    config::VideoTier tier;
    tier.codec = object.at("codec").get<std::string>();
    tier.quality = object.at("quality").get<int>();
    tier.preset = object.at("preset").get<std::string>();
    tier.floor = object.at("floor").get<double>();
    tier.efficient_saving_percent = object.at("efficient_saving").get<int>();
    tier.dolby_vision = object.at("dolby_vision").get<std::string>();
    if (object.contains("max_long_edge")) tier.max_long_edge = object["max_long_edge"].get<int>();
    if (object.contains("min_crf")) tier.min_crf = object["min_crf"].get<int>();
    if (object.contains("max_crf")) tier.max_crf = object["max_crf"].get<int>();
    return tier;
}

template <class Read>
auto understood(std::string_view text, const Read& read) {
    try {
        return read(json::parse(text));
    } catch (const json::exception& error) {
        throw BadInput{"codec.order", std::string("a codec program and its stage do not understand each other: ") + error.what()};
    }
}

std::string written(const json& object) { return object.dump(-1, ' ', true, json::error_handler_t::replace); }

}  // namespace

std::string to_json(const Order& order) {
    return written({{"task", kTasks[static_cast<std::size_t>(order.task)]},
                    {"original", order.original},
                    {"result", order.result},
                    {"size", order.size.count},
                    {"sha256", to_hex(order.sha256)},
                    {"extension", order.extension},
                    {"container", order.container},
                    {"from_copy", order.from_copy},
                    {"small", order.small},
                    {"small_size", order.small_size.count},
                    {"small_sha256", to_hex(order.small_sha256)},
                    {"photo", photo_json(order.photo)},
                    {"video", video_json(order.video)},
                    {"limits",
                     {{"memory", order.limits.memory.count},
                      {"cpu", order.limits.cpu.count()},
                      {"file", order.limits.file.count},
                      {"landlock", order.limits.landlock},
                      {"seccomp", order.limits.seccomp}}}});
}

Order order_from(std::string_view text) {
    return understood(text, [](const json& object) {
        Order order;
        const auto task = std::ranges::find(kTasks, object.at("task").get<std::string>());
        if (task == kTasks.end()) throw BadInput{"codec.order", "an order for a task that is not known"};
        order.task = static_cast<Order::Task>(task - kTasks.begin());
        order.original = object.at("original").get<int>();
        order.result = object.at("result").get<int>();
        order.size = Bytes{object.at("size").get<std::uint64_t>()};
        order.sha256 = checksum_from(object.at("sha256"));
        const auto& limits = object.at("limits");
        order.limits.memory = Bytes{limits.at("memory").get<std::uint64_t>()};
        order.limits.cpu = std::chrono::seconds{limits.at("cpu").get<std::int64_t>()};
        order.limits.file = Bytes{limits.at("file").get<std::uint64_t>()};
        order.limits.landlock = limits.at("landlock").get<bool>();
        order.limits.seccomp = limits.at("seccomp").get<bool>();
        if (order.task == Order::Task::restore) return order;
        order.extension = object.at("extension").get<std::string>();
        order.from_copy = object.at("from_copy").get<bool>();
        order.small = object.at("small").get<int>();
        order.small_size = Bytes{object.at("small_size").get<std::uint64_t>()};
        order.small_sha256 = checksum_from(object.at("small_sha256"));
        order.container = object.at("container").get<std::string>();
        order.photo = photo_from(object.at("photo"));
        order.video = video_from(object.at("video"));
        return order;
    });
}

std::string to_json(const Answer& answer) {
    json object{{"outcome", kOutcomes[static_cast<std::size_t>(answer.outcome)]}, {"measures", answer.result.measures}};
    if (answer.outcome == Answer::Outcome::made)
        object.update(
            {{"extension", answer.result.extension}, {"how", answer.result.how}, {"psnr", answer.result.psnr}, {"tools", answer.result.tools}});
    else {
        const auto& reason = answer.result.kept ? *answer.result.kept : answer.reason;
        object.update({{"code", reason.code}, {"text", reason.text}});
    }
    return written(object);
}

Answer answer_from(std::string_view text) {
    return understood(text, [](const json& object) {
        Answer answer;
        const auto found = std::find(kOutcomes.begin(), kOutcomes.end(), object.at("outcome").get<std::string>());
        if (found == kOutcomes.end()) throw BadInput{"codec.order", "a codec program answers with a word that is not known"};
        answer.outcome = static_cast<Answer::Outcome>(found - kOutcomes.begin());
        if (object.contains("measures")) answer.result.measures = measures_from(object["measures"]);
        if (answer.outcome == Answer::Outcome::made) {
            answer.result.extension = line(object.at("extension"), 8);
            answer.result.how = line(object.at("how"));
            answer.result.psnr = object.at("psnr").get<double>();
            answer.result.tools = line(object.at("tools"));
            return answer;
        }
        answer.reason = {line(object.at("code"), 40), line(object.at("text"))};
        if (answer.outcome == Answer::Outcome::kept) answer.result.kept = answer.reason;
        return answer;
    });
}

std::string to_json(const WallReport& report) { return written({{"missing", report.missing}, {"open", report.open}, {"library", report.library}}); }

WallReport wall_report_from(std::string_view text) {
    return understood(text, [](const json& object) {
        return WallReport{object.at("missing").get<std::vector<std::string>>(), object.at("open").get<std::vector<std::string>>(),
                          line(object.at("library"))};
    });
}

}  // namespace mediaferry::stages
