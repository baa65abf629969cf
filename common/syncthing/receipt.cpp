// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/receipt.h"

#include <nlohmann/json.hpp>

namespace mediaferry::syncthing {
namespace {

using Json = nlohmann::json;

Timestamp time_of(const Json& json) {
    const auto time = from_iso(json.get<std::string>());
    if (!time) throw BadInput{"pixel.receipt", "no time: " + json.dump()};
    return *time;
}

Json of(const Delivery& delivery) {
    Json json{{"device", delivery.device}, {"version", to_texts(delivery.version)}, {"at", to_iso(delivery.at)},         {"server", delivery.server},
              {"phone", delivery.phone},   {"sequence", delivery.sequence},         {"weak", !delivery.weakness.empty()}};
    if (!delivery.weakness.empty()) json["weakness"] = delivery.weakness;
    if (delivery.dwelt_at) json["dwelt_at"] = to_iso(*delivery.dwelt_at);
    return json;
}

Delivery delivery_of(const Json& json) {
    Delivery delivery;
    delivery.device = json.at("device").get<std::string>();
    delivery.version = vector_from_texts(json.at("version").get<std::vector<std::string>>());
    if (delivery.version.empty()) throw BadInput{"pixel.receipt", "a delivery without a version"};
    delivery.at = time_of(json.at("at"));
    delivery.server = json.at("server").get<std::string>();
    delivery.phone = json.at("phone").get<std::string>();
    delivery.sequence = json.at("sequence").get<std::int64_t>();
    delivery.weakness = json.value("weakness", "");
    if (json.contains("dwelt_at")) delivery.dwelt_at = time_of(json.at("dwelt_at"));
    return delivery;
}

}  // namespace

std::string to_json(const Receipt& receipt) {
    Json json{{"folder", receipt.folder},
              {"name", receipt.name},
              {"size", receipt.size.count},
              {"modified", to_text(receipt.modified)},
              {"sha256", receipt.sha256}};
    if (receipt.delivery) json["delivered"] = of(*receipt.delivery);
    if (const auto& freed = receipt.freed)
        json["freed"] = {{"version", to_texts(freed->version)}, {"phone_time", to_iso(freed->phone_time)}, {"at", to_iso(freed->at)}};
    if (const auto& held = receipt.held) json["held"] = {{"code", held->reason.code}, {"text", held->reason.text}, {"at", to_iso(held->at)}};
    if (const auto& kept = receipt.kept) json["kept"] = {{"level", kept->level}, {"at", to_iso(kept->at)}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Receipt receipt_from_json(const std::string& text) {
    try {
        const auto json = Json::parse(text);
        Receipt receipt;
        receipt.folder = json.at("folder").get<std::string>();
        receipt.name = json.at("name").get<std::string>();
        receipt.size = {json.at("size").get<std::uint64_t>()};
        const auto modified = moment_from_text(json.at("modified").get<std::string>());
        if (!modified) throw BadInput{"pixel.receipt", "no time: modified"};
        receipt.modified = *modified;
        receipt.sha256 = json.at("sha256").get<std::string>();
        if (json.contains("delivered")) receipt.delivery = delivery_of(json.at("delivered"));
        if (json.contains("freed")) {
            const auto& freed = json.at("freed");
            receipt.freed = Freed{vector_from_texts(freed.at("version").get<std::vector<std::string>>()), time_of(freed.at("phone_time")),
                                  time_of(freed.at("at"))};
        }
        if (json.contains("held")) {
            const auto& held = json.at("held");
            receipt.held = Held{{held.at("code").get<std::string>(), held.at("text").get<std::string>()}, time_of(held.at("at"))};
        }
        if (json.contains("kept")) receipt.kept = Kept{json.at("kept").at("level").get<std::string>(), time_of(json.at("kept").at("at"))};
        return receipt;
    } catch (const Json::exception& error) {
        throw BadInput{"pixel.receipt", std::string("a stored pixel receipt cannot be read: ") + error.what()};
    }
}

std::string weakness_text(const std::string& weakness) {
    if (weakness == "before_1_20")
        return "this Syncthing is older than 1.20 and cannot tell whether the phone still shares the folder, so 'delivered' is weaker than it looks "
               "('freed' is not; apt.syncthing.net has newer packages)";
    if (weakness == "ignores_unseen")
        return "Syncthing 2.x cannot tell whether the phone ignores a file, so 'delivered' counts only while the phone's folder has no ignore "
               "patterns "
               "('freed' is not affected)";
    return "";
}

}  // namespace mediaferry::syncthing
