// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/records.h"

#include <algorithm>
#include <set>

#include "common/icloud/assets.h"
#include "common/icloud/wire.h"
#include "common/types/utf8.h"

namespace mediaferry::icloud {
namespace {

using nlohmann::json;
using wire::at;
using wire::field;
using wire::number;
using wire::text;

std::optional<RecordError> error_in(const json& object) {
    const std::string code = text(at(object, "serverErrorCode"));
    if (code.empty()) return std::nullopt;
    RecordError error{text(at(object, "recordName")), code, text(at(object, "reason")), std::nullopt};
    const std::int64_t after = number(at(object, "retryAfter"), -1);
    if (after >= 0) error.retry_after = std::chrono::seconds{std::min<std::int64_t>(after, 86400)};
    return error;
}

// The name of a record whose value may be a plain string or a reference.
std::string reference(const json& record, std::string_view key) {
    const json& value = field(record, key);
    return value.is_object() ? text(at(value, "recordName")) : text(value);
}

AlbumRecord read_album(const json& record) {
    AlbumRecord album;
    album.record_name = text(at(record, "recordName"));
    const json& holder = at(at(record, "fields"), "albumNameEnc");
    const std::string value = text(at(holder, "value"));
    const auto decoded = wire::from_base64(value);
    album.name = text(at(holder, "type")) == "STRING" || !decoded || !is_utf8(*decoded) ? value : *decoded;
    album.change_tag = text(at(record, "recordChangeTag"));
    album.deleted = number(field(record, "isDeleted")) != 0 || number(at(record, "deleted")) != 0;
    album.folder = number(field(record, "albumType")) == 3;
    album.position = number(field(record, "position"));
    return album;
}

void read_one(Records& out, const json& record, std::vector<const json*>& assets, std::map<std::string, const json*>& masters) {
    if (!record.is_object()) wire::bad_answer("a record that is no object");
    if (auto error = error_in(record)) {
        out.errors.push_back(std::move(*error));
        return;
    }
    RecordState state{text(at(record, "recordName")), text(at(record, "recordType")), text(at(record, "recordChangeTag")), false};
    if (state.record_name.empty()) wire::bad_answer("a record without recordName");
    state.deleted = number(at(record, "deleted")) != 0 || number(field(record, "isDeleted")) != 0;
    if (state.record_type == "CPLAsset") {
        assets.push_back(&record);
    } else if (state.record_type == "CPLMaster") {
        masters[state.record_name] = &record;
    } else if (state.record_type == "CPLAlbum") {
        out.albums.push_back(read_album(record));
    } else if (state.record_type == "CPLContainerRelation") {
        out.relations.push_back({state.record_name, reference(record, "itemId"), reference(record, "containerId"), state.deleted});
    }
    out.states.push_back(std::move(state));
}

}  // namespace

const Resource* Asset::resource(ResourceKind kind) const {
    const auto found = std::find_if(resources.begin(), resources.end(), [&](const Resource& r) { return r.kind == kind; });
    return found == resources.end() ? nullptr : &*found;
}

media_db::ListedAsset Asset::listed() const {
    media_db::ListedAsset out{record_name, master_name, change_tag, filename, taken, added, hidden, favourite, {}, title, caption};
    for (const auto& resource : resources) out.resources.push_back(resource);  // the download URL stays behind: it is a key to the file
    return out;
}

Records read_records(std::string_view body) {
    const json reply = wire::parse(body);
    const json& records = at(reply, "records");
    if (!records.is_array()) wire::bad_answer("no records");
    Records out;
    std::vector<const json*> assets;
    std::map<std::string, const json*> masters;
    for (const auto& record : records) read_one(out, record, assets, masters);

    static const json nothing;
    std::set<std::string> used;
    for (const json* asset : assets) {
        const std::string name = master_of(*asset);
        const auto master = masters.find(name);
        out.assets.push_back(read_asset(*asset, master == masters.end() ? nothing : *master->second));
        used.insert(name);
    }
    for (const auto& [name, unused] : masters)
        if (!used.count(name)) out.lone_masters.push_back(name);
    out.asset_records = assets.size();
    out.continuation = text(at(reply, "continuationMarker"));
    out.sync_token = text(at(reply, "syncToken"));
    return out;
}

std::vector<Asset> read_pairs(std::string_view body_of_assets, std::string_view body_of_masters) {
    const json asset_reply = wire::parse(body_of_assets);
    const json master_reply = wire::parse(body_of_masters);
    std::map<std::string, const json*> masters;
    for (const json* reply : {&master_reply, &asset_reply})
        if (const json& records = at(*reply, "records"); records.is_array())
            for (const auto& record : records)
                if (text(at(record, "recordType")) == "CPLMaster" && !error_in(record)) masters[text(at(record, "recordName"))] = &record;
    static const json nothing;
    std::vector<Asset> out;
    if (const json& records = at(asset_reply, "records"); records.is_array())
        for (const auto& record : records) {
            if (text(at(record, "recordType")) != "CPLAsset" || error_in(record)) continue;
            const auto master = masters.find(master_of(record));
            out.push_back(read_asset(record, master == masters.end() ? nothing : *master->second));
        }
    return out;
}

std::optional<RecordError> top_error(std::string_view body) {
    const json reply = json::parse(body, nullptr, false);
    if (!reply.is_object()) return std::nullopt;
    if (auto error = error_in(reply)) return error;
    for (const auto key : {"batch", "zones"}) {
        const json& parts = at(reply, key);
        if (parts.is_array() && !parts.empty())
            if (auto error = error_in(parts.front())) return error;
    }
    return std::nullopt;
}

IndexingState read_indexing(std::string_view body) {
    const json reply = wire::parse(body);
    const json& records = at(reply, "records");
    if (!records.is_array() || records.empty()) wire::bad_answer("no indexing state");
    const json& record = records.front();
    return {text(field(record, "state")), static_cast<int>(std::clamp<std::int64_t>(number(field(record, "progress")), 0, 100))};
}

std::int64_t read_index_count(std::string_view body) {
    const json reply = wire::parse(body);
    const json& batch = at(reply, "batch");
    if (!batch.is_array() || batch.empty()) wire::bad_answer("no count");
    const json& records = at(batch.front(), "records");
    if (!records.is_array() || records.empty()) wire::bad_answer("no count");
    const std::int64_t count = number(field(records.front(), "itemCount"), -1);
    if (count < 0) wire::bad_answer("a count that is no number");
    return count;
}

std::vector<ZoneRecord> read_zones(std::string_view body) {
    const json reply = wire::parse(body);
    const json& zones = at(reply, "zones");
    if (!zones.is_array()) wire::bad_answer("no zones");
    std::vector<ZoneRecord> out;
    for (const auto& zone : zones) {
        const json& id = at(zone, "zoneID");
        if (number(at(zone, "deleted")) != 0) continue;
        out.push_back({text(at(id, "zoneName")), text(at(id, "ownerRecordName")), text(at(id, "zoneType"))});
    }
    return out;
}

Account read_account(std::string_view body) {
    const json reply = wire::parse(body);
    const json& person = at(reply, "dsInfo");
    const auto yes = [](const json& value) { return number(value) != 0; };
    Account account;
    account.dsid = person.is_object() && at(person, "dsid").is_number() ? std::to_string(number(at(person, "dsid"))) : text(at(person, "dsid"));
    account.database_url = text(at(at(at(reply, "webservices"), "ckdatabasews"), "url"));
    account.domain_to_use = text(at(reply, "domainToUse"));
    // As icloudpd judges it (facts B2).
    account.two_factor_needed = number(at(person, "hsaVersion")) == 2 &&
                                (yes(at(reply, "hsaChallengeRequired")) || !yes(at(reply, "hsaTrustedBrowser"))) &&
                                yes(at(person, "hasICloudQualifyingDevice"));
    account.web_access = !(at(person, "isWebAccessAllowed").is_boolean() && !yes(at(person, "isWebAccessAllowed")));
    if (account.dsid.find_first_not_of("0123456789") != std::string::npos) wire::bad_answer("an account number that is no number");
    return account;
}

}  // namespace mediaferry::icloud
