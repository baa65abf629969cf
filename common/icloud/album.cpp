// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <iterator>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/icloud/client_impl.h"

namespace mediaferry::icloud {
namespace {

constexpr std::size_t kFiledAtOnce = 50;
constexpr int kNameAttempts = 5;
constexpr auto kStep = 1024;  // between positions, as iCloud's own clients leave it

bool is_root(const AlbumRecord& album) { return album.record_name == "----Root-Folder----" || album.record_name == "----Project-Root-Folder----"; }

wire::json value(wire::json v) { return {{"value", std::move(v)}}; }

wire::json creation(const std::string& name, const std::string& type, wire::json fields) {
    return {{"operationType", "create"}, {"record", {{"recordName", name}, {"recordType", type}, {"fields", std::move(fields)}}}};
}

wire::json modification(const Library& library, wire::json operations) {
    return {{"atomic", false}, {"operations", std::move(operations)}, {"zoneID", wire::zone_id(library)}};
}

const RecordError* error_for(const Records& reply, const std::string& record) {
    const auto found = std::find_if(reply.errors.begin(), reply.errors.end(), [&](const RecordError& e) { return e.record_name == record; });
    return found == reply.errors.end() ? nullptr : &*found;
}

bool already_there(const RecordError& error) { return error.code == "EXISTS" || error.code == "CONFLICT" || error.code == "RECORD_EXISTS"; }

}  // namespace

std::string album_record_name(const std::string& zone, const std::string& name, int attempt) {
    const std::string seed = "mediaferry album\n" + zone + "\n" + name + (attempt > 0 ? "\n" + std::to_string(attempt) : "");
    std::string hex = to_hex(files::digest_bytes(seed).sha256).substr(0, 32);
    for (char& c : hex) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return hex;
}

std::string relation_record_name(const std::string& asset, const std::string& album) { return asset + "-IN-" + album; }

std::vector<AlbumRecord> Client::albums() {
    std::vector<AlbumRecord> out;
    for (auto& album : read_records(impl_->query("CPLAlbumByPositionLive", wire::json::array(), "listing the albums")).albums)
        if (!album.deleted && !is_root(album)) out.push_back(std::move(album));
    return out;
}

std::optional<std::string> Client::find_album(const std::string& name) {
    std::optional<std::string> found;
    for (const auto& album : albums())
        if (!album.folder && album.name == name && (!found || album.record_name < *found)) found = album.record_name;
    return found;
}

std::string Client::find_or_create_album(const std::string& name) {
    if (auto found = find_album(name)) return *found;
    std::int64_t position = 0;
    for (const auto& album : albums()) position = std::max(position, album.position);
    for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
        const std::string record = album_record_name(impl_->library.zone, name, attempt);
        const wire::json fields{
            {"albumNameEnc", value(wire::base64(name))}, {"albumType", value(0)},     {"isDeleted", value(0)}, {"isExpunged", value(0)},
            {"position", value(position + kStep)},       {"sortAscending", value(1)}, {"sortType", value(1)}};
        const Records reply = read_records(
            MF_AROUND("icloud.album.create",
                      impl_->call("records/modify", modification(impl_->library, wire::json::array({creation(record, "CPLAlbum", fields)})),
                                  "creating the album")));
        // iCloud may have given it another record name: the album list is what counts.
        if (auto found = find_album(name)) return *found;
        const RecordError* error = error_for(reply, record);
        if (error && already_there(*error)) continue;  // the remains of an album that a person deleted
        const std::string why = error ? error->code + " " + error->reason.substr(0, 200) : "it is not in the list of albums afterwards";
        throw TransientError{"icloud.album", "iCloud did not make the album " + name + ": " + why};
    }
    throw NeedsPerson{"icloud.album", "iCloud will not make the album " + name + ": please make it by hand in Photos"};
}

AlbumMembers Client::members(const std::string& album) {
    AlbumMembers out;
    std::int64_t rank = 0;
    std::size_t probe = 0;
    for (;;) {
        const std::int64_t from = probe == 0 ? rank : rank + kProbes[probe - 1];
        const Records page =
            read_records(impl_->query("CPLContainerRelationLiveByAssetDate",
                                      wire::json::array({wire::number_filter("startRank", from), wire::string_filter("direction", "ASCENDING"),
                                                         wire::string_filter("parentId", album)}),
                                      "listing the album"));
        const std::size_t before = out.relation_of.size();
        for (const auto& relation : page.relations)
            if (!relation.deleted && relation.album == album && !relation.asset.empty()) out.relation_of[relation.asset] = relation.record_name;
        const auto received = static_cast<std::int64_t>(std::max(page.asset_records, page.relations.size()));
        if (received > 0) rank = from + received;
        if (out.relation_of.size() > before) {
            probe = 0;
            continue;
        }
        out.expected = impl_->index_count("CPLContainerRelationNotDeletedByAssetDate:" + album);
        if (out.complete() || probe == std::size(kProbes)) return out;
        ++probe;
        impl_->pause(std::chrono::milliseconds{100});
    }
}

std::vector<Membership> Client::membership(const std::string& album, const std::vector<std::string>& assets, const AlbumMembers& listed) {
    const auto name_of = [&](const std::string& asset) {
        const auto known = listed.relation_of.find(asset);
        return known == listed.relation_of.end() ? relation_record_name(asset, album) : known->second;
    };
    std::vector<Membership> out;
    for (std::size_t from = 0; from < assets.size(); from += kFiledAtOnce) {
        const std::size_t to = std::min(assets.size(), from + kFiledAtOnce);
        wire::json names = wire::json::array();
        for (std::size_t i = from; i < to; ++i) names.push_back({{"recordName", name_of(assets[i])}});
        const Records reply = read_records(
            impl_->call("records/lookup", {{"records", names}, {"zoneID", wire::zone_id(impl_->library)}}, "asking for album memberships"));
        for (std::size_t i = from; i < to; ++i) {
            const std::string name = name_of(assets[i]);
            const auto is_it = [&](const auto& record) { return record.record_name == name; };
            const auto relation = std::find_if(reply.relations.begin(), reply.relations.end(), is_it);
            const auto state = std::find_if(reply.states.begin(), reply.states.end(), is_it);
            const RecordError* error = error_for(reply, name);
            Membership answer = Membership::unknown;
            if (error) {
                if (error->code == "NOT_FOUND" || error->code == "UNKNOWN_ITEM") answer = Membership::not_member;
            } else if (relation != reply.relations.end()) {
                answer = !relation->deleted && relation->asset == assets[i] && relation->album == album ? Membership::member : Membership::not_member;
            } else if (state != reply.states.end() && state->deleted) {
                answer = Membership::not_member;
            }
            out.push_back(answer);
        }
    }
    return out;
}

std::vector<Filed> Client::add_members(const std::string& album, const std::vector<std::string>& assets) {
    std::vector<Filed> out;
    for (std::size_t from = 0; from < assets.size(); from += kFiledAtOnce) {
        const std::size_t to = std::min(assets.size(), from + kFiledAtOnce);
        wire::json operations = wire::json::array();
        for (std::size_t i = from; i < to; ++i) {
            const wire::json fields{
                {"itemId", value(assets[i])}, {"containerId", value(album)}, {"position", value(static_cast<std::int64_t>(i + 1) * kStep)}};
            operations.push_back(creation(relation_record_name(assets[i], album), "CPLContainerRelation", fields));
        }
        const Records reply = read_records(MF_AROUND(
            "icloud.album.add", impl_->call("records/modify", modification(impl_->library, std::move(operations)), "filing photos in the album")));
        for (std::size_t i = from; i < to; ++i) {
            Filed filed{assets[i], false, "NOT_READ_BACK", "iCloud does not list it in the album afterwards"};
            if (const RecordError* error = error_for(reply, relation_record_name(assets[i], album)))
                filed.code = error->code, filed.reason = error->reason;
            out.push_back(std::move(filed));
        }
    }
    if (assets.empty()) return out;
    // What modify answered is only a hint (a repeat answers EXISTS or CONFLICT): the album itself decides.
    const AlbumMembers now = members(album);
    std::vector<std::string> unlisted;
    for (const auto& asset : assets)
        if (!now.contains(asset)) unlisted.push_back(asset);
    const auto asked = membership(album, unlisted);
    std::set<std::string> members_unlisted;
    for (std::size_t i = 0; i < unlisted.size(); ++i)
        if (asked[i] == Membership::member) members_unlisted.insert(unlisted[i]);
    for (auto& filed : out) {
        filed.member = now.contains(filed.record_name) || members_unlisted.count(filed.record_name) > 0;
        if (filed.member) filed.code.clear(), filed.reason.clear();
    }
    return out;
}

void Client::remove_member(const std::string& album, const std::string& asset) {
    const auto forget = [&](const std::string& name) {
        const wire::json operation{{"operationType", "forceDelete"}, {"record", {{"recordName", name}}}};
        const Records reply =
            read_records(MF_AROUND("icloud.album.remove", impl_->call("records/modify", modification(impl_->library, wire::json::array({operation})),
                                                                      "taking a photo out of the album")));
        if (const RecordError* error = error_for(reply, name); error && error->code != "NOT_FOUND" && error->code != "UNKNOWN_ITEM")
            throw TransientError{"icloud.refused",
                                 "iCloud did not take the photo out of the album: " + error->code + " " + error->reason.substr(0, 200)};
    };
    forget(relation_record_name(asset, album));
    // Another client may have filed it under another name.
    const AlbumMembers left = members(album);
    if (const auto other = left.relation_of.find(asset); other != left.relation_of.end()) forget(other->second);
}

}  // namespace mediaferry::icloud
