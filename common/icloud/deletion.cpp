// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <set>
#include <stdexcept>

#include "common/failpoint/failpoint.h"
#include "common/icloud/client_impl.h"

namespace mediaferry::icloud {
namespace {

// isDeleted = 1 is Recently Deleted, for about 30 days. There is a word for "for ever"; this program does not know it.
wire::json deletion(const Deletion& what) {
    const wire::json record{{"recordName", what.record_name},
                            {"recordType", "CPLAsset"},
                            {"recordChangeTag", what.change_tag},
                            {"fields", {{"isDeleted", {{"value", 1}}}}}};
    return {{"operationType", "update"}, {"record", record}};
}

void check(const std::vector<Deletion>& wanted) {
    if (wanted.size() > kMostDeletionsAtOnce) throw std::logic_error("more deletions in one request than allowed");
    std::set<std::string> names;
    for (const auto& one : wanted) {
        if (one.record_name.empty() || one.change_tag.empty()) throw std::logic_error("a deletion without record name or change tag");
        if (!names.insert(one.record_name).second) throw std::logic_error("an asset is to be deleted twice in one request");
    }
}

Deleted answer_for(const Deletion& wanted, const Records& reply) {
    Deleted out;
    out.record_name = wanted.record_name;
    const auto is_it = [&](const auto& record) { return record.record_name == wanted.record_name; };
    // An error beats a success for the same name: a reply that says both proves nothing good.
    if (const auto error = std::find_if(reply.errors.begin(), reply.errors.end(), is_it); error != reply.errors.end()) {
        out.error = *error;
        out.answer = error->code == "CONFLICT"    ? Deleted::Answer::changed
                     : error->code == "NOT_FOUND" ? Deleted::Answer::gone
                                                  : Deleted::Answer::refused;
        return out;
    }
    const auto state = std::find_if(reply.states.begin(), reply.states.end(), is_it);
    if (state == reply.states.end()) return out;
    out.change_tag = state->change_tag;
    if (state->deleted) {
        out.answer = Deleted::Answer::accepted;
    } else {
        out.answer = Deleted::Answer::refused;
        out.error = {wanted.record_name, "NOT_DELETED", "iCloud answered with the record unchanged", {}};
    }
    return out;
}

}  // namespace

std::vector<Deleted> Client::delete_assets(const std::vector<Deletion>& wanted) {
    check(wanted);
    if (wanted.empty()) return {};
    wire::json operations = wire::json::array();
    for (const auto& one : wanted) operations.push_back(deletion(one));
    const wire::json body{
        {"atomic", false}, {"desiredKeys", {"isDeleted", "dateExpunged"}}, {"operations", operations}, {"zoneID", wire::zone_id(impl_->library)}};
    const Records reply = read_records(MF_AROUND("icloud.delete", impl_->call("records/modify", body, "deleting photos")));
    std::vector<Deleted> out;
    for (const auto& one : wanted) out.push_back(answer_for(one, reply));
    return out;
}

}  // namespace mediaferry::icloud
