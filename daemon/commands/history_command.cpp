// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry history`: everything that happened to a file, and where its copies are.
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/media_db/evidence.h"
#include "daemon/commands/commands.h"
#include "daemon/find_items.h"
#include "daemon/open_house.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;

json_t time_or_null(const std::optional<Timestamp>& at) { return at ? json_t(to_iso(*at)) : json_t(nullptr); }

json_t parsed(const std::string& text) {
    auto value = json_t::parse(text, nullptr, false);
    return value.is_discarded() ? json_t(text) : value;
}

/// {"bytes": 3, "place": "nas"} as "bytes 3, place nas".
std::string detail_text(const std::string& detail) {
    const auto object = parsed(detail);
    if (!object.is_object()) return detail;
    std::string text;
    for (const auto& [key, value] : object.items())
        text += (text.empty() ? "" : ", ") + key + " " + (value.is_string() ? value.get<std::string>() : value.dump());
    return text;
}

json_t as_json(media_db::MediaDb& db, const media_db::MediaItem& item) {
    json_t out{
        {"id", item.id.value}, {"filename", item.filename}, {"icloud_id", item.icloud_id}, {"events", json_t::array()}, {"copies", json_t::array()}};
    for (const auto& event : media_db::Events{db}.of(item.id))
        out["events"].push_back(
            {{"id", event.id}, {"at", to_iso(event.at)}, {"stage", event.stage}, {"what", event.what}, {"detail", parsed(event.detail)}});
    for (const auto& copy : media_db::Evidence{db}.of(item.id))
        out["copies"].push_back({{"place", to_text(copy.place)},
                                 {"path", copy.path.string()},
                                 {"proof", copy.proof},
                                 {"sha256", to_hex(copy.sha256)},
                                 {"size", copy.size.count},
                                 {"written_at", to_iso(copy.written)},
                                 {"proven_at", time_or_null(copy.proven)},
                                 {"checked_at", time_or_null(copy.checked)},
                                 {"removed_at", time_or_null(copy.removed)}});
    return out;
}

void print(media_db::MediaDb& db, const media_db::MediaItem& item) {
    std::cout << item.filename << " (id " << item.id.value << ")\n";
    Table events{{"when", "stage", "what", "detail"}};
    for (const auto& event : media_db::Events{db}.of(item.id)) events.add({to_iso(event.at), event.stage, event.what, detail_text(event.detail)});
    std::cout << events.text("  ");
    Table copies{{"place", "path", "proof", "written", "proven", "removed"}};
    const auto when = [](const std::optional<Timestamp>& at) { return at ? to_iso(*at) : std::string{"-"}; };
    for (const auto& copy : media_db::Evidence{db}.of(item.id))
        copies.add({std::string{to_text(copy.place)}, copy.path.string(), copy.proof, to_iso(copy.written), when(copy.proven), when(copy.removed)});
    if (!copies.empty()) std::cout << copies.text("  ");
}

}  // namespace

int history_command(const Options& options, const config::Settings& settings) {
    auto db = look_at_house(settings);
    const auto found = items_meant(db, options.words.front());
    json_t out = json_t::array();
    for (const auto& item : found) {
        if (options.json)
            out.push_back(as_json(db, item));
        else
            print(db, item);
    }
    if (options.json) std::cout << out.dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
    return 0;
}

}  // namespace mediaferry::daemon
