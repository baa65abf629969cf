// SPDX-License-Identifier: GPL-3.0-or-later
// Every answer of CloudKit: a record is read whole or refused, and what may be deleted has all that a proof needs.
#include <set>

#include "common/icloud/answers.h"
#include "common/icloud/names.h"
#include "common/icloud/records.h"
#include "stages/icloud_download/icloudpd_path.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using fuzz::attempt;
using fuzz::require;

namespace {

void names_stay_put(const icloud::Asset& asset) {
    media_db::Asset row;
    row.filename = asset.filename;
    row.master_name = asset.master_name;
    row.taken = asset.taken;
    for (const auto& listed : asset.resources) {
        require(fuzz::is_one_component(icloud::file_name(asset.filename, listed.kind, listed.file_type)), "a file's name is not one safe component");
        media_db::Resource resource;
        resource.kind = listed.kind;
        resource.file_type = listed.file_type;
        if (const auto path = stages::icloudpd_path(row, resource, "{:%Y/%m}"))
            for (const auto& part : *path) require(part != ".." && part != "/", "a placeholder would lie outside incoming/");
    }
}

void sound(const icloud::Asset& asset) {
    require(!asset.record_name.empty(), "an asset without a record name");
    require(!asset.filename.empty(), "an asset without a file name");
    std::set<ResourceKind> kinds;
    for (const auto& resource : asset.resources) {
        require(kinds.insert(resource.kind).second, "two files of one kind");
        require(!resource.checksum.empty(), "a file without a checksum");
    }
    if (!asset.hold) {
        require(asset.resource(ResourceKind::original) != nullptr, "deletable without an original");
        require(!asset.change_tag.empty() && !asset.master_name.empty(), "deletable without tag or master");
    } else {
        require(icloud::given_by_listing(*asset.hold), "a hold that no listing lifts");
    }
    names_stay_put(asset);
}

}  // namespace

FUZZ(cloudkit) {
    const auto both = fuzz::in_two(input);
    const std::string_view body = both.first, more = both.second;
    attempt([&] {
        const auto records = icloud::read_records(body);
        require(records.asset_records == records.assets.size(), "an asset record was lost");
        for (const auto& asset : records.assets) sound(asset);
        for (const auto& state : records.states) require(!state.record_name.empty(), "a record without a name");
        for (const auto& error : records.errors) require(!error.code.empty(), "an error without a code");
    });
    attempt([&] {
        for (const auto& asset : icloud::read_pairs(body, more)) sound(asset);
    });
    attempt([&] { require(icloud::read_index_count(body) >= 0, "a negative count"); });
    attempt([&] {
        const auto state = icloud::read_indexing(body);
        require(state.progress >= 0 && state.progress <= 100, "progress beyond its bounds");
    });
    attempt([&] { icloud::read_zones(body); });
    attempt([&] { icloud::read_account(body); });
    attempt([&] {
        http::Response response;
        response.status = 200;
        response.body = body;
        const auto wait = icloud::wait_asked_for(response);
        require(wait >= std::chrono::minutes{1} && wait <= std::chrono::hours{6}, "a wait beyond its bounds");
        const auto verdict = icloud::judge(response);
        if (verdict != icloud::Verdict::ok) icloud::throw_verdict(verdict, response, "fuzzing");
    });
}
