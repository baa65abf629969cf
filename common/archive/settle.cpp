// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/settle.h"

#include <nlohmann/json.hpp>

#include "common/archive/receipt.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"

namespace mediaferry::archive {
namespace {

using media_db::Copy;
using media_db::MediaDb;
using media_db::MediaItem;

std::optional<Reason> not_ours(const Archive& archive, const MediaItem& item, const Copy& copy) {
    if (copy.removed || copy.place != Place::nas || copy.media != item.id || (copy.proof != "read_back" && copy.proof != "settled") || !copy.proven)
        return Reason{"nas.unproven", item.filename + " has no proven copy on the NAS"};
    if (copy.sha256 != item.sha256) return Reason{"nas.unproven", "the copy of " + item.filename + " on the NAS is of other content than the file"};
    if (archive_of(copy) != archive.marker().uuid)
        return Reason{"nas.other", "the copy of " + item.filename +
                                       " was proven in another archive than the one in use now. Run `mediaferry redo nas_archive " +
                                       std::to_string(item.id.value) + "`"};
    return std::nullopt;
}

/// A bad reading may be the wire's fault: only the same answer twice is believed.
Archive::Reread read_carefully(const Archive& archive, const MediaItem& item, const Copy& copy, const Stop& stop) {
    const auto first = archive.reread(copy.path, item.sha256, stop);
    return first.reading == Archive::Reading::same ? first : archive.reread(copy.path, item.sha256, stop);
}

void record_good(MediaDb& db, const Archive& archive, const MediaItem& item, const Copy& copy, const Proof& proof, bool settled, Timestamp now,
                 std::optional<RunId> run) {
    media_db::Transaction transaction{db, MF_COMMIT("archive.settle.record_good")};
    const auto* const level = settled || copy.proof == "settled" ? "settled" : "read_back";
    media_db::Evidence(db).proven(copy.id, level, *copy.proven, now, later_receipt(copy, archive, proof, now));
    const nlohmann::json detail{{"path", copy.path.string()}, {"method", proof.method}, {"proof", level}};
    media_db::Events(db).add({0, now, item.id, item.asset, run, "nas_archive", "read_again", detail.dump()});
    transaction.commit();
}

/// The copy counts no longer; if the original is still at home, nas_archive writes a new one beside it.
void record_lost(MediaDb& db, const MediaItem& item, const Copy& copy, const Reason& reason, Timestamp now, std::optional<RunId> run) {
    media_db::Transaction transaction{db, MF_COMMIT("archive.settle.record_lost")};
    media_db::Evidence(db).removed(copy.id, now);
    media_db::Catalogue(db).set_flags(item.id, std::nullopt, false, std::nullopt, std::nullopt, now);
    const nlohmann::json detail{{"path", copy.path.string()}, {"reason", reason.code}};
    media_db::Events(db).add({0, now, item.id, item.asset, run, "nas_archive", "copy_lost", detail.dump()});
    media_db::Conveyor conveyor{db};
    for (const auto& step : conveyor.steps(item.id))
        if (step.stage == "nas_archive" && step.status == pipeline::StepStatus::done) conveyor.redo(item.id, "nas_archive", now);
    transaction.commit();
    log::error("archived copy lost", {{"MEDIA_ID", item.id.value}, {"PATH", copy.path.string()}, {"REASON", reason.code}});
}

}  // namespace

std::optional<Reason> read_again(const Archive& archive, MediaDb& db, const MediaItem& item, const Copy& copy, Timestamp now,
                                 std::chrono::seconds settle, const Stop& stop, std::optional<RunId> run) {
    if (auto reason = not_ours(archive, item, copy)) return reason;
    Archive::Reread answer;
    try {
        answer = read_carefully(archive, item, copy, stop);
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        return error.reason();
    }
    if (answer.reading == Archive::Reading::same) {
        record_good(db, archive, item, copy, answer.proof, now >= *copy.proven + settle, now, run);
        return std::nullopt;
    }
    const bool missing = answer.reading == Archive::Reading::missing;
    const Reason reason{missing ? "nas.missing" : "nas.damaged",
                        copy.path.string() + (missing ? " is not in the archive any more" : " in the archive is not what was archived any more") +
                            ". It does not count; a new copy is made" +
                            (item.local_path ? " from the original at home" : " once the original is at home again")};
    record_lost(db, item, copy, reason, now, run);
    return reason;
}

std::optional<Reason> prove_again(const Archive& archive, MediaDb& db, const MediaItem& item, const Copy& copy, Timestamp now,
                                  std::chrono::seconds settle, std::chrono::seconds fresh_within, const Stop& stop, std::optional<RunId> run) {
    if (auto reason = not_ours(archive, item, copy)) return reason;
    if (now < *copy.proven + settle)
        return Reason{"nas.settling", "the copy of " + item.filename + " on the NAS is read again on or after " + to_iso(*copy.proven + settle) +
                                          " (archive.settle)"};
    // A reading from the future is a clock that jumped: it says nothing.
    if (copy.proof == "settled" && copy.checked && *copy.checked <= now && now - *copy.checked <= fresh_within) return std::nullopt;
    return read_again(archive, db, item, copy, now, settle, stop, run);
}

}  // namespace mediaferry::archive
