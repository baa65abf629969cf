// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/farewell.h"

#include "common/archive/release_original.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"

namespace mediaferry::stages {
namespace {

constexpr std::string_view kStage = "icloud_delete";

void remove_placeholders(stage::Run& run, MediaId id) {
    media_db::Catalogue catalogue{run.db()};
    for (const auto& relative : catalogue.placeholders_of(id)) {
        const auto path = run.settings().folders.incoming / relative;
        if (files::looks_like_placeholder(path)) fs::remove(path);
        catalogue.remove_placeholder(relative);
    }
}

void release(stage::Run& run, const media_db::MediaItem& item) {
    try {
        archive::release_original(run.db(), run.settings(), item.id, run.now(), run.id());
    } catch (const NeedsPerson& error) {
        log::warning("local original kept", {{"MEDIA_ID", item.id.value}, {"REASON", error.code()}});
        run.tell(item.filename + ": the local original stays: " + std::string(error.what()));
    }
}

}  // namespace

void complete(stage::Run& run, const std::vector<media_db::MediaItem>& items, const Reason& note) {
    media_db::Conveyor conveyor{run.db()};
    for (const auto& item : items) {
        const auto claim = conveyor.claim_item(kStage, item.id, run.id(), run.now());
        if (!claim) continue;  // done already, or not its turn
        release(run, item);
        remove_placeholders(run, item.id);
        media_db::Transaction transaction{run.db()};
        conveyor.record(*claim, {media_db::Verdict::Kind::finished, note, run.now(), false}, run.id(), run.now());
        transaction.commit();
        run.finished();
    }
}

void note_deleted(stage::Run& run, const media_db::Asset& asset, const std::vector<media_db::MediaItem>& items,
                  const std::function<void(media_db::MediaDb&)>& write) {
    media_db::Transaction transaction{run.db()};
    media_db::Catalogue catalogue{run.db()};
    catalogue.set_deleted(asset.id, run.now());
    catalogue.set_hold(asset.id, std::nullopt);
    for (const auto& item : items) catalogue.set_flags(item.id, {}, {}, {}, true, run.now());
    media_db::Events(run.db()).add({0, run.now(), {}, asset.id, run.id(), std::string(kStage), "deleted_from_icloud", "{}"});
    if (write) write(run.db());
    transaction.commit();
}

}  // namespace mediaferry::stages
