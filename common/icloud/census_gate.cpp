// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/census_gate.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"

namespace mediaferry::icloud {
namespace {

using nlohmann::json;

constexpr std::string_view kFact = "census", kWord = "census.acknowledged";

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

/// What a person's word covers: these numbers and these photos, nothing else.
std::string signature(const Census& census) {
    std::string text = std::to_string(std::max<std::int64_t>(0, census.counted - census.listed)) + "/" + std::to_string(census.refused) + "/" +
                       std::to_string(census.halves) + "/" + std::to_string(census.unexplained);
    std::vector<std::string> names;
    for (const auto& item : census.items) names.push_back(item.icloud_id);
    std::ranges::sort(names);
    for (const auto& name : names) text += " " + name;
    return text;
}

bool differs(const Census& census) { return !census.complete || census.halves > 0 || census.unexplained > 0; }

std::string photos(std::int64_t count) { return std::to_string(count) + (count == 1 ? " photo" : " photos"); }

std::string what_to_do() {
    return " Nothing is deleted until the next icloud_download finds no difference; `mediaferry why census` shows it, and `mediaferry release "
           "census` "
           "says that you understand it.";
}

}  // namespace

void keep_census(media_db::MediaDb& db, const Census& census, Timestamp now) {
    json items = json::array();
    for (const auto& item : census.items)
        items.push_back({{"icloud_id", item.icloud_id}, {"filename", item.filename}, {"code", item.why.code}, {"text", item.why.text}});
    media_db::Facts(db).set(kFact,
                            dump({{"seen", census.listed},
                                  {"expected", census.counted},
                                  {"complete", census.complete},
                                  {"refused", census.refused},
                                  {"halves", census.halves},
                                  {"gone", census.gone},
                                  {"hidden", census.hidden},
                                  {"unexplained", census.unexplained},
                                  {"items", items}}),
                            now);
}

std::optional<Census> last_census(media_db::MediaDb& db) {
    const media_db::Facts facts{db};
    const auto text = facts.get(kFact);
    if (!text) return std::nullopt;
    Census census;
    census.at = facts.written(kFact).value_or(Timestamp{});
    const auto kept = json::parse(*text, nullptr, false);
    if (!kept.is_object()) return census;  // unreadable: not complete
    try {
        census.listed = kept.value("seen", census.listed);
        census.counted = kept.value("expected", census.counted);
        census.refused = kept.value("refused", census.refused);
        census.halves = kept.value("halves", census.halves);
        census.gone = kept.value("gone", census.gone);
        census.hidden = kept.value("hidden", census.hidden);
        census.unexplained = kept.value("unexplained", census.unexplained);
        for (const auto& item : kept.value("items", json::array()))
            census.items.push_back({item.value("icloud_id", ""), item.value("filename", ""), {item.value("code", ""), item.value("text", "")}});
        census.complete = kept.value("complete", false);  // last: what cannot be read whole is not complete
    } catch (const json::exception&) {
    }
    return census;
}

std::optional<Acknowledged> acknowledged(media_db::MediaDb& db) {
    const auto census = last_census(db);
    const auto text = media_db::Facts(db).get(kWord);
    if (!census || !text || !differs(*census)) return std::nullopt;
    const auto word = json::parse(*text, nullptr, false);
    if (!word.is_object() || word.value("difference", json{}) != json(signature(*census))) return std::nullopt;
    return Acknowledged{word.value("by", ""), media_db::Facts(db).written(kWord).value_or(Timestamp{})};
}

bool acknowledge_census(media_db::MediaDb& db, const std::string& by, Timestamp now) {
    const auto census = last_census(db);
    if (!census || !differs(*census)) return false;
    const json word{{"difference", signature(*census)}, {"by", by}};
    media_db::Transaction transaction{db, MF_COMMIT("icloud.census.acknowledge")};
    media_db::Facts(db).set(kWord, dump(word), now);
    media_db::Events(db).add({0, now, {}, {}, {}, "icloud_delete", "census_acknowledged", dump(word)});
    transaction.commit();
    return true;
}

std::optional<Reason> census_gate(media_db::MediaDb& db) {
    const auto census = last_census(db);
    if (!census) return Reason{"icloud.no_census", "iCloud has not been listed yet; run icloud_download first"};
    if (!differs(*census) || acknowledged(db)) return std::nullopt;
    if (!census->complete)
        return Reason{"icloud.census_incomplete",
                      "the last listing of iCloud was incomplete: it listed " + std::to_string(census->listed) + " of the " +
                          photos(census->counted) + " that it counts" +
                          (census->refused > 0 ? ", and answered " + std::to_string(census->refused) + " with an error" : "") + "." + what_to_do()};
    std::string text;
    if (census->unexplained > 0)
        text = photos(census->unexplained) + " that iCloud's list leaves out " + (census->unexplained == 1 ? "is" : "are") +
               " neither deleted nor hidden there, as far as iCloud says.";
    if (census->halves > 0) text += (text.empty() ? "" : " ") + photos(census->halves) + " came only by half.";
    return Reason{"icloud.census_unexplained", text + what_to_do()};
}

bool is_census_gate(const Reason& reason) { return reason.code == "icloud.no_census" || reason.code.starts_with("icloud.census_"); }

}  // namespace mediaferry::icloud
