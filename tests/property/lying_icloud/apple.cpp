// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/apple.h"

#include <algorithm>

#include "tests/property/lying_icloud/digests.h"

namespace mediaferry::lying {
namespace {

constexpr auto kDatabase = "/database/1/com.apple.photos.cloud/production/private/";
constexpr auto kNames = "records";

json error_of(const std::string& name, const std::string& code) {
    return {{"recordName", name}, {"serverErrorCode", code}, {"reason", "client oplock error updating record"}};
}

std::string text(const json& at, const char* key) {
    return at.is_object() && at.contains(key) && at[key].is_string() ? at[key].get<std::string>() : "";
}

std::string filter_text(const json& query, const std::string& name) {
    for (const auto& filter : query.value("filterBy", json::array()))
        if (filter["fieldName"] == name) return filter["fieldValue"]["value"].get<std::string>();
    return "";
}

std::int64_t start_of(const json& query) {
    for (const auto& filter : query.value("filterBy", json::array()))
        if (filter["fieldName"] == "startRank") return filter["fieldValue"]["value"].get<std::int64_t>();
    return 0;
}

/// Another content in place of the first file of the record.
void spoil(json& record) {
    for (auto& [key, field] : record["fields"].items())
        if (field["value"].is_object() && field["value"].contains("fileChecksum")) {
            field["value"]["fileChecksum"] = apple_checksum(field["value"]["fileChecksum"].get<std::string>());
            return;
        }
}

}  // namespace

const Lie* Apple::told(std::string_view what) {
    for (auto& one : lies) {
        if (one.what != what || one.times == 0) continue;
        if (one.skip > 0) {
            --one.skip;
            continue;
        }
        --one.times;
        return &one;
    }
    return nullptr;
}

Said Apple::answer(const Asked& asked) {
    for (const auto& asset : library.assets)
        if (!old_.contains(asset.name)) old_[asset.name] = asset_record(asset);
    if (asked.host.starts_with("setup.")) return setup(asked);
    if (asked.host.starts_with("cvws.")) return file(asked);
    const auto at = asked.path.find(kDatabase);
    if (at == std::string::npos) return {404, "{}"};
    return database(asked.path.substr(at + std::string_view{kDatabase}.size()), json::parse(asked.body));
}

void Apple::purge(const std::string& name) {
    std::erase_if(library.assets, [&](const TrueAsset& asset) { return asset.name == name; });
    for (auto& one : library.albums) one.members.erase(name);
    old_.erase(name);
    marked_with.erase(name);
    std::set<std::string> used;
    for (const auto& asset : library.assets)
        for (const auto* file : asset.files()) used.insert(file->checksum);
    std::erase_if(library.contents, [&](const auto& one) { return !used.contains(one.first); });
}

Said Apple::setup(const Asked& asked) {
    if (lie("session_lost")) session_lost_ = true;
    const bool validate = asked.path.ends_with("/validate");
    if (session_lost_ && validate) return {421, R"({"success":false})"};
    session_lost_ = false;
    const json account{{"dsInfo", {{"dsid", "10000000001"}, {"hsaVersion", 2}, {"hasICloudQualifyingDevice", true}}},
                       {"hsaTrustedBrowser", true},
                       {"hsaChallengeRequired", false},
                       {"webservices", {{"ckdatabasews", {{"url", "https://p99-ckdatabasews.icloud.com:443"}, {"status", "active"}}}}}};
    return {200, account.dump(), {{"Set-Cookie", R"(X-APPLE-WEBAUTH-TOKEN="v=2:t=renewed";Path=/;Domain=.icloud.com;Secure)"}}};
}

/// Refusals of a whole call. Lie::which says which calls it is about.
std::optional<Said> Apple::refused(const std::string& call) {
    static const std::map<std::string_view, Said> kRefusals{
        {"http_401", {401, R"({"serverErrorCode":"AUTHENTICATION_FAILED","reason":"no"})"}},
        {"http_404", {404, ""}},
        {"http_410", {410, ""}},
        {"http_421", {421, R"({"serverErrorCode":"AUTHENTICATION_REQUIRED","reason":"stale"})"}},
        {"http_429", {429, R"({"serverErrorCode":"THROTTLED","reason":"slow down"})", {{"Retry-After", "60"}}}},
        {"http_500", {500, R"({"serverErrorCode":"INTERNAL_ERROR"})"}},
        {"http_503", {503, "Service Unavailable"}},
        {"html", {200, "<html>not JSON</html>"}},
        {"nonsense", {200, R"({"records":[17,null,{"recordName":5}],"batch":[{"records":[{"fields":{"itemCount":{"value":"many"}}}]}]})"}},
        {"hang_up", {200, "", {}, {}, true}},
        {"cut_json", {200, std::string(400, ' '), {}, 100}},
        {"busy_in_200", {200, R"({"serverErrorCode":"THROTTLED","reason":"later"})"}},
        {"denied", {403, R"({"serverErrorCode":"ACCESS_DENIED","reason":"private db access disabled"})"}}};
    static const char* const kCalls[] = {"", "records/query", "records/lookup", "records/modify", "internal/"};
    for (auto& one : lies) {
        const auto found = kRefusals.find(one.what);
        if (found == kRefusals.end() || one.times == 0 || !call.starts_with(kCalls[one.which % std::size(kCalls)])) continue;
        if (one.skip-- > 0) continue;
        one.skip = 0;
        --one.times;
        return found->second;
    }
    return std::nullopt;
}

Said Apple::database(const std::string& call, const json& body) {
    if (auto said = refused(call)) return *said;
    if (call == "records/query") return {200, query(body).dump()};
    if (call == "records/lookup") return {200, lookup(body).dump()};
    if (call == "records/modify") return modify(body);
    if (call == "internal/records/query/batch") return {200, count(body).dump()};
    return {400, R"({"serverErrorCode":"BAD_REQUEST"})"};
}

// ---- reading --------------------------------------------------------------------------------------------------------------

json Apple::query(const json& body) {
    const auto& query = body["query"];
    const auto type = text(query, "recordType");
    json records = json::array();
    if (type == "CheckIndexingState") {
        const bool busy = lie("indexing");
        records.push_back({{"recordName", "_x"},
                           {"recordType", type},
                           {"fields", {{"progress", {{"value", busy ? 40 : 100}}}, {"state", {{"value", busy ? "RUNNING" : "FINISHED"}}}}}});
    } else if (type == "CPLAssetAndMasterByAssetDateWithoutHiddenOrDeleted") {
        records = list_page(start_of(query));
    } else if (type == "CPLContainerRelationLiveByAssetDate") {
        records = members_page(filter_text(query, "parentId"), start_of(query));
    } else if (type == "CPLAlbumByPositionLive") {
        const bool hidden = lie("no_album");
        for (const auto& one : library.albums)
            if (!one.deleted && !hidden) records.push_back(album_record(one));
    }
    return {{kNames, records}, {"syncToken", "T"}};
}

json Apple::list_page(std::int64_t start) {
    if (start == 0) {
        listed.clear();
        hidden_from_list_.clear();
        miscounts_ = lie("drop_and_miscount");
        const auto live = library.live();
        if ((miscounts_ || lie("drop")) && !live.empty()) hidden_from_list_ = live[live.size() / 2]->name;
    }
    if (const auto* one = told("change_between_pages"); one && start > 0) change(one->which);
    json records = json::array();
    if (lie("empty_page")) return records;
    auto live = library.live();
    std::erase_if(live, [&](const auto* asset) { return asset->name == hidden_from_list_; });
    if (start > 0 && lie("overlap")) --start;
    std::vector<json> masters, assets;
    for (auto at = static_cast<std::size_t>(start); at < std::min(live.size(), static_cast<std::size_t>(start) + page); ++at) {
        masters.push_back(master_record(*live[at]));
        assets.push_back(shown(*live[at], "list"));
        if (assets.back().contains("serverErrorCode")) continue;
        if (lie("list_fewer_files") && !live[at]->on_asset.empty()) assets.back()["fields"].erase(live[at]->on_asset.begin()->first + "Res");
        if (lie("duplicate")) assets.push_back(assets.back());
    }
    if (!masters.empty() && lie("lone_asset")) masters.pop_back();
    if (!assets.empty() && lie("lone_master")) assets.pop_back();
    for (auto& one : masters) records.push_back(one);
    for (auto& one : assets) {
        if (!one.contains("serverErrorCode")) listed.insert(text(one, "recordName"));
        records.push_back(one);
    }
    return records;
}

/// An asset's record as the client gets to see it in a listing ("list") or a lookup ("lookup").
json Apple::shown(const TrueAsset& asset, std::string_view where) {
    const std::string prefix{where};
    if (strict_tags && lie("stale_" + prefix)) return old_.at(asset.name);
    if (where == "list" && lie("record_error")) return error_of(asset.name, "TRY_AGAIN_LATER");
    auto record = asset_record(asset);
    if (lie(prefix + "_wrong_checksum")) spoil(record);
    return record;
}

json Apple::members_page(const std::string& album_name, std::int64_t start) {
    if (const auto* one = told("unfile_before_members")) unfile(one->which);
    json records = json::array();
    const auto* found = library.album(album_name);
    if (!found || lie("members_empty")) return records;
    std::vector<const TrueAsset*> members;
    for (const auto& name : found->members)
        if (const auto* asset = library.find(name); asset && !asset->deleted) members.push_back(asset);
    if (!members.empty() && lie("members_drop")) members.pop_back();
    for (auto at = static_cast<std::size_t>(start); at < std::min(members.size(), static_cast<std::size_t>(start) + page); ++at) {
        records.push_back(relation_record(members[at]->name, album_name));
        records.push_back(master_record(*members[at]));
        records.push_back(asset_record(*members[at]));
    }
    return records;
}

json Apple::count(const json& body) {
    json records = json::array();
    for (const auto& name : body["batch"][0]["query"]["filterBy"]["fieldValue"]["value"]) {
        std::int64_t number = 0;
        if (name == "CPLAssetByAssetDateWithoutHiddenOrDeleted") {
            number = static_cast<std::int64_t>(library.live().size());
            if (lie("count_more")) number += 2;
            if (miscounts_ && number > 0) --number;
            if (lie("count_less")) number = std::max<std::int64_t>(0, number - 1);
            counted = number;
        } else if (const auto mark = name.get<std::string>().find(':'); mark != std::string::npos) {
            if (const auto* found = library.album(name.get<std::string>().substr(mark + 1)))
                number = std::ranges::count_if(found->members, [&](const auto& member) {
                    const auto* asset = library.find(member);
                    return asset && !asset->deleted;
                });
        }
        records.push_back(
            {{"recordName", name}, {"recordType", "IndexCountResult"}, {"fields", {{"itemCount", {{"value", number}, {"type", "INT64"}}}}}});
    }
    return {{"batch", {{{kNames, records}, {"syncToken", "T"}}}}};
}

json Apple::lookup(const json& body) {
    if (const auto* one = told("change_before_lookup")) change(one->which);
    json records = json::array();
    for (const auto& wanted : body[kNames]) {
        const auto name = text(wanted, "recordName");
        if (const auto* asset = library.find(name)) {
            if (lie("lookup_silent")) continue;
            if (lie("lookup_gone")) {
                records.push_back(error_of(name, "NOT_FOUND"));
            } else if (lie("lookup_error")) {
                records.push_back(error_of(name, "INTERNAL_ERROR"));
            } else {
                records.push_back(shown(*asset, "lookup"));
                if (stage == "icloud_mark") marked_with[name] = text(records.back(), "recordChangeTag");
            }
        } else if (const auto* owner = library.with_master(name)) {
            records.push_back(master_record(*owner));
        } else if (const auto mark = name.find("-IN-"); mark != std::string::npos) {
            const auto* in = library.album(name.substr(mark + 4));
            records.push_back(in && in->members.contains(name.substr(0, mark)) ? relation_record(name.substr(0, mark), in->name)
                                                                               : error_of(name, "NOT_FOUND"));
        } else {
            records.push_back(error_of(name, "NOT_FOUND"));
        }
    }
    return {{kNames, records}, {"syncToken", "T"}};
}

// ---- writing --------------------------------------------------------------------------------------------------------------

Said Apple::modify(const json& body) {
    ++modifications;
    const bool all_conflict = lie("conflict"), undone = lie("ack_undone"), silent = lie("done_silent"), conflict_after = lie("done_conflict");
    json records = json::array();
    for (const auto& operation : body["operations"]) {
        const auto& record = operation["record"];
        const auto name = text(record, "recordName");
        if (all_conflict) {
            records.push_back(error_of(name, "CONFLICT"));
            continue;
        }
        if (undone) {
            json said = record;
            said["deleted"] = false;
            records.push_back(said);
            continue;
        }
        auto said = perform(operation);
        if (silent) continue;
        records.push_back(conflict_after && !said.contains("serverErrorCode") ? error_of(name, "CONFLICT") : said);
    }
    if (lie("done_503")) return {503, "Service Unavailable"};
    if (lie("done_hang_up")) return {200, "", {}, {}, true};
    return {200, json{{kNames, records}, {"syncToken", "T"}}.dump()};
}

json Apple::perform(const json& operation) {
    const auto& record = operation["record"];
    const auto name = text(record, "recordName"), type = text(record, "recordType"), kind = text(operation, "operationType");
    if (kind == "create" && type == "CPLAlbum") {
        if (library.album(name)) return error_of(name, "EXISTS");
        library.albums.push_back({name, album, false, {}});
        return album_record(library.albums.back());
    }
    if (kind == "create" && type == "CPLContainerRelation") {
        const auto asset = record["fields"]["itemId"]["value"].get<std::string>(), into = record["fields"]["containerId"]["value"].get<std::string>();
        auto* found = library.album(into);
        if (!found || !library.find(asset)) return error_of(name, "NOT_FOUND");
        if (!found->members.insert(asset).second) return error_of(name, "EXISTS");
        return relation_record(asset, into);
    }
    auto* asset = library.find(name);
    if (kind != "update" || !asset) return error_of(name, asset ? "BAD_REQUEST" : "NOT_FOUND");
    if (strict_tags && text(record, "recordChangeTag") != asset->tag) return error_of(name, "CONFLICT");
    on_deed({*asset, text(record, "recordChangeTag"), record["fields"], stage});
    asset->deleted = true;
    library.touch(*asset);
    return asset_record(*asset);
}

// ---- the file server ------------------------------------------------------------------------------------------------------

Said Apple::file(const Asked& asked) {
    static const std::map<std::string_view, int> kStatus{{"file_401", 401}, {"file_404", 404}, {"file_410", 410},
                                                         {"file_416", 416}, {"file_429", 429}, {"file_503", 503}};
    for (const auto& [what, status] : kStatus)
        if (lie(what)) return {status, ""};
    if (lie("file_html")) return {200, "<html>a page, no photo</html>"};
    const auto found = library.contents.find(asked.query.substr(asked.query.find("o=") + 2));
    if (found == library.contents.end()) return {404, ""};
    auto bytes = found->second;
    if (lie("file_corrupt")) bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x20);
    if (lie("file_short")) bytes.resize(bytes.size() / 2);
    if (lie("file_long")) bytes += "more than there is";
    Said said{200, bytes, {}};
    if (asked.range.starts_with("bytes=") && !lie("range_ignored")) {
        const auto from = std::stoull(asked.range.substr(6));
        if (from >= bytes.size()) return {416, ""};
        said = {206,
                bytes.substr(from),
                {{"Content-Range", "bytes " + std::to_string(from) + "-" + std::to_string(bytes.size() - 1) + "/" + std::to_string(bytes.size())}}};
    }
    if (lie("file_cut")) said.cut_after = said.body.size() / 2;
    if (!said.cut_after && said.status == 200 && bytes == found->second) ++files_sent;
    return said;
}

}  // namespace mediaferry::lying
