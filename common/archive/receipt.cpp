// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/receipt.h"

#include <nlohmann/json.hpp>

namespace mediaferry::archive {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFromServer = "server";  ///< Proof::method of a share, and of what goes through FUSE

Json reading(const Archive& archive, const Proof& proof, Timestamp now) {
    Json json{{"at", to_iso(now)}, {"method", proof.method}};
    json.update(Json::parse(archive.place()));
    return json;
}

Json parsed(const std::string& receipt) {
    auto json = Json::parse(receipt, nullptr, false);
    return json.is_object() ? json : Json::object();
}

}  // namespace

std::string first_receipt(const Archive& archive, const Stored& stored, Timestamp now) {
    return Json{{"uuid", archive.marker().uuid}, {"adopted", stored.adopted}, {"read_back", reading(archive, stored.proof, now)}}.dump();
}

std::string later_receipt(const media_db::Copy& copy, const Archive& archive, const Proof& proof, Timestamp now) {
    auto json = parsed(copy.receipt);
    json["again"] = reading(archive, proof, now);
    return json.dump();
}

bool was_flushed(const media_db::Copy& copy) {
    const auto first = parsed(copy.receipt).value("read_back", Json::object());
    return !first.is_object() || first.value("method", Json{}) != kFromServer;
}

std::string archive_of(const media_db::Copy& copy) {
    const auto uuid = parsed(copy.receipt).value("uuid", Json{});
    return uuid.is_string() ? uuid.get<std::string>() : "";
}

}  // namespace mediaferry::archive
