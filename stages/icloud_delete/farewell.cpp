// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/farewell.h"

#include "common/archive/release_original.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {
namespace {

/// Another file of the same content whose photo is still in iCloud (two assets on one master).
std::optional<MediaId> still_in_icloud(media_db::Catalogue& catalogue, const media_db::MediaItem& item) {
    for (const auto& resource : catalogue.resources_with(item.apple_checksum)) {
        const auto asset = catalogue.asset(resource.asset);
        if (!asset || asset->deleted || asset->gone || item.asset == asset->id) continue;
        for (const auto& other : catalogue.items_of(asset->id))
            if (other.resource_id == resource.id) return other.id;
    }
    return std::nullopt;
}

void remove_placeholders(stage::Run& run, const media_db::MediaItem& item) {
    media_db::Catalogue catalogue{run.db()};
    for (const auto& relative : catalogue.placeholders_of(item.id)) {
        if (const auto heir = still_in_icloud(catalogue, item)) {
            MF_AROUND("icloud_delete.heir",
                      catalogue.add_placeholder(relative, heir, item.size, run.now()));  // without it icloudpd would fetch the other one again
            continue;
        }
        const auto path = run.settings().folders.incoming / relative;
        if (files::looks_like_placeholder(path))
            MF_AROUND("icloud_delete.remove_placeholder", files::Tree::open(path.parent_path()).remove(path.filename()));
        MF_AROUND("icloud_delete.forget_placeholder", catalogue.remove_placeholder(relative));
    }
}

void release(stage::Run& run, const media_db::MediaItem& item) {
    try {
        MF_AROUND("icloud_delete.release", archive::release_original(run.db(), run.settings(), item.id, run.now(), run.id()));
    } catch (const NeedsPerson& error) {
        log::warning("local original kept", {{"MEDIA_ID", item.id.value}, {"REASON", error.code()}});
        run.tell(item.filename + ": the local original stays: " + std::string(error.what()));
    }
}

/// One file that resists keeps no other from being completed.
media_db::Verdict part_from(stage::Run& run, const media_db::MediaItem& item, int attempts, const Reason& note) {
    using Kind = media_db::Verdict::Kind;
    try {
        release(run, item);
        remove_placeholders(run, item);
        return {Kind::finished, note, run.now(), false};
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        const Reason reason{error.code(), full_message(error)};
        log::warning("item not completed, will be tried again", {{"MEDIA_ID", item.id.value}, {"REASON", reason.code}});
        run.failed(1);
        const auto& retry = run.settings().retry;
        if (retry.exhausted(attempts + 1)) return {Kind::person, reason, run.now(), true};
        return {Kind::again, reason, run.now() + retry.delay(attempts + 1, static_cast<std::uint64_t>(item.id.value)), true};
    }
}

}  // namespace

void complete(stage::Run& run, const std::vector<media_db::MediaItem>& items, const Reason& note) {
    media_db::Conveyor conveyor{run.db()};
    for (const auto& item : items) {
        const auto claim = conveyor.claim_item(kIcloudDelete, item.id, run.id(), run.now());
        if (!claim) continue;  // done already, or not its turn
        try {
            const auto verdict = part_from(run, item, claim->attempts, note);
            media_db::Transaction transaction{run.db(), MF_COMMIT("icloud_delete.farewell.complete")};
            conveyor.record(*claim, verdict, run.id(), run.now());
            transaction.commit();
            if (verdict.kind == media_db::Verdict::Kind::finished) run.finished();
        } catch (...) {
            conveyor.put_back(run.id());
            throw;
        }
    }
}

void note_deleted(stage::Run& run, const media_db::Asset& asset, const std::vector<media_db::MediaItem>& items,
                  const std::function<void(media_db::MediaDb&)>& write) {
    media_db::Transaction transaction{run.db(), MF_COMMIT("icloud_delete.farewell.note_deleted")};
    media_db::Catalogue catalogue{run.db()};
    catalogue.set_deleted(asset.id, run.now());
    for (const auto& item : items) catalogue.set_flags(item.id, {}, {}, {}, true, run.now());
    media_db::Events(run.db()).add({0, run.now(), {}, asset.id, run.id(), std::string(kIcloudDelete), "deleted_from_icloud", "{}"});
    if (write) write(run.db());
    transaction.commit();
}

}  // namespace mediaferry::stages
