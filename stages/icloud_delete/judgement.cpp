// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/judgement.h"

#include <algorithm>

#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"

namespace mediaferry::stages {
namespace {

using icloud::Looked;
using icloud::Membership;
using media_db::Catalogue;

constexpr std::size_t kAtOnce = 100;

icloud::AssetName name_of(const media_db::Asset& asset) { return {asset.record_name, asset.master_name}; }

/// The file's step for icloud_mark is done.
bool is_marked(media_db::MediaDb& db, MediaId id) {
    const auto steps = media_db::Conveyor(db).steps(id);
    const auto mark = std::ranges::find(steps, "icloud_mark", &media_db::StepRow::stage);
    return mark != steps.end() && mark->status == pipeline::StepStatus::done;
}

bool is_gone(const Looked& looked) { return looked.state == Looked::State::deleted || looked.state == Looked::State::gone; }

}  // namespace

Judgement::Judgement(stage::Run& run, icloud::Client& client, Harbours& harbours, bool rotate)
    : run_(run), client_(client), harbours_(harbours), rotate_(rotate) {
    read_album();
}

std::string Judgement::find_album() const {
    const auto& name = run_.settings().icloud.album;
    const auto album = client_.find_album(name);
    // One person who deletes or renames the album has not vetoed a thousand photos one by one; and certainly allowed none.
    if (!album)
        throw NeedsPerson{"icloud.album_gone",
                          "the album " + name +
                              " is not in iCloud any more; nothing is deleted. Make an album of that name in Photos: what is put into it "
                              "may be deleted, what is not stays"};
    return *album;
}

void Judgement::read_album() {
    album_ = find_album();
    members_ = client_.members(album_);
}

/// By the listing; where that is shorter than iCloud's own count, by asking for each one that it lacks.
std::vector<Membership> Judgement::membership(const std::vector<std::string>& assets) {
    std::vector<Membership> result;
    std::vector<std::string> unlisted;
    for (const auto& asset : assets) {
        result.push_back(members_.contains(asset) ? Membership::member : members_.complete() ? Membership::not_member : Membership::unknown);
        if (result.back() == Membership::unknown) unlisted.push_back(asset);
    }
    const auto asked = client_.membership(album_, unlisted);
    for (std::size_t i = 0, next = 0; i < assets.size(); ++i) {
        if (result[i] != Membership::unknown) continue;
        // A membership that the listing does not show is not believed; its absence is.
        if (asked[next++] == Membership::not_member) result[i] = Membership::not_member;
    }
    return result;
}

std::vector<Accepted> Judgement::accept(const std::vector<media_db::Asset>& candidates, std::size_t most, const std::function<bool(AssetId)>& ours) {
    std::vector<Accepted> accepted;
    for (std::size_t at = 0; at < candidates.size() && accepted.size() < most; at += kAtOnce) {
        std::vector<Candidate> some;
        std::vector<icloud::AssetName> names;
        std::vector<std::string> records;
        for (std::size_t i = at; i < std::min(at + kAtOnce, candidates.size()); ++i) {
            Candidate candidate{candidates[i], Catalogue(run_.db()).items_of(candidates[i].id)};
            // What we may have deleted already is looked at, whatever the proofs say today.
            if (const auto reason = ours(candidate.asset.id) ? std::nullopt : why_not_asked(candidate)) {
                hold(candidate, *reason);
                continue;
            }
            names.push_back(name_of(candidate.asset));
            records.push_back(candidate.asset.record_name);
            some.push_back(std::move(candidate));
        }
        const auto looked = client_.lookup(names);
        const auto in_album = membership(records);
        for (std::size_t i = 0; i < some.size() && accepted.size() < most; ++i) {
            if (run_.stop_requested()) throw Interrupted{"interrupted", "asked to stop while judging"};
            if (is_gone(looked[i])) {
                gone_.push_back({some[i].asset, ours(some[i].asset.id)});
                continue;
            }
            Accepted one;
            if (const auto reason = judge(some[i], looked[i], in_album[i], one))
                hold(some[i], *reason);
            else
                accepted.push_back(std::move(one));
        }
        write_holds();
    }
    return accepted;
}

/// What is known at home already: iCloud is not asked, night after night, about ten thousand photos that the phone has not freed yet.
std::optional<Reason> Judgement::why_not_asked(const Candidate& candidate) {
    if (auto reason = why_not_by_the_books(candidate.asset, run_.settings().icloud_delete, run_.now())) return reason;
    for (const auto& item : candidate.items) {
        if (!is_marked(run_.db(), item.id)) return Reason{"not_marked", item.filename + " has not been through all earlier stages"};
        if (const auto reason = harbours_.missing_at_google(item)) return Reason{reason->code, item.filename + ": " + reason->text};
    }
    return std::nullopt;
}

std::optional<Reason> Judgement::judge(const Candidate& candidate, const Looked& looked, Membership in_album, Accepted& accepted) {
    const auto& [asset, items] = candidate;
    const Case it{asset, looked, in_album, Catalogue(run_.db()).resources(asset.id), items};
    if (auto reason = why_not_yet(it, run_.settings().icloud_delete, run_.now())) return reason;

    // Every file of the asset is asked, also those of edits that iCloud lists no more: they are one photo with one fate.
    std::vector<FileProof> proofs;
    proofs.reserve(items.size());
    for (const auto& item : items) proofs.push_back(harbours_.ask(item, is_marked(run_.db(), item.id)));
    if (auto reason = why_not_proven(proofs, run_.settings().icloud_delete)) return reason;
    accepted = {asset, items, looked.asset->change_tag, fingerprint(it.resources), {}};
    for (const auto& resource : it.resources) accepted.bytes += resource.size;
    return std::nullopt;
}

void Judgement::hold(const Candidate& candidate, const Reason& reason) {
    held_[candidate.asset.id] = reason;
    to_write_.push_back({candidate.asset, candidate.items, reason});
}

void Judgement::write_holds() {
    write_down(run_, to_write_, rotate_);
    to_write_.clear();
}

std::map<AssetId, std::optional<Reason>> Judgement::once_more(const std::vector<Accepted>& batch) {
    read_album();
    std::vector<icloud::AssetName> names;
    std::vector<std::string> records;
    for (const auto& one : batch) {
        names.push_back(name_of(one.asset));
        records.push_back(one.asset.record_name);
    }
    const auto looked = client_.lookup(names);
    auto in_album = membership(records);
    // The album's pages take their time, and its owner may take a photo out behind them, or delete the album. The change tag goes with the request and
    // Apple holds it against the asset; a membership nobody holds against anything: so each one is asked for last, by its name.
    const bool same_album = find_album() == album_;
    const auto now = client_.membership(album_, records, members_);
    for (std::size_t i = 0; i < batch.size(); ++i)
        if (in_album[i] == Membership::member) in_album[i] = same_album ? now[i] : Membership::unknown;
    std::map<AssetId, std::optional<Reason>> result;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        Catalogue catalogue{run_.db()};
        const auto asset = catalogue.asset(batch[i].asset.id).value();
        const Case it{asset, looked[i], in_album[i], catalogue.resources(asset.id), catalogue.items_of(asset.id)};
        const auto reason = why_not_yet(it, run_.settings().icloud_delete, run_.now());
        result[asset.id] = reason;
        // What somebody else has deleted just now is settled when it is next looked at.
        if (reason && !is_gone(looked[i])) hold({asset, it.items}, *reason);
    }
    write_holds();
    return result;
}

}  // namespace mediaferry::stages
