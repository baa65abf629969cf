// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_delete/harbours.h"

#include <algorithm>

#include "common/archive/known.h"
#include "common/archive/settle.h"
#include "common/media_db/evidence.h"
#include "common/syncthing/proof_now.h"

namespace mediaferry::stages {

Harbours::Harbours(stage::Run& run) : run_(run) {
    const auto& settings = run.settings();
    if (settings.icloud_delete.requires_nas()) archive_.emplace(archive::open_known(run.db(), settings.archive, run.now()));
    if (settings.icloud_delete.requires_google()) road_.emplace(settings);
}

bool Harbours::is_sent(const media_db::MediaItem& item) const {
    const auto& kinds = run_.settings().pixel.kinds;
    return std::ranges::find(kinds, item.kind) != kinds.end();
}

std::optional<Reason> Harbours::missing_at_google(const media_db::MediaItem& item) {
    return road_ && is_sent(item) ? ask_google(item) : std::nullopt;
}

FileProof Harbours::ask(const media_db::MediaItem& item, bool marked) {
    FileProof proof;
    proof.item = item;
    proof.marked = marked;
    proof.sent_to_phone = is_sent(item);
    if (archive_) proof.nas = ask_nas(item);
    proof.google = missing_at_google(item);
    return proof;
}

std::optional<Reason> Harbours::ask_nas(const media_db::MediaItem& item) {
    const auto& settings = run_.settings();
    const auto copy = media_db::Evidence(run_.db()).current(item.id, Place::nas);
    if (!copy) return Reason{"nas.unproven", "no proven copy on the NAS"};
    if (copy->sha256 != item.sha256) return Reason{"nas.unproven", "the copy on the NAS is not of this content"};
    run_.activity("reading " + item.filename + " back from the NAS");
    return archive::prove_again(*archive_, run_.db(), item, *copy, run_.now(), settings.archive.settle, settings.icloud_delete.fresh_within,
                                run_.stop(), run_.id());
}

std::optional<Reason> Harbours::ask_google(const media_db::MediaItem& item) {
    const auto wanted = run_.settings().icloud_delete.google_proof;
    const auto proof = syncthing::proof_now(*road_, run_.db(), run_.settings(), item, run_.now());
    if (proof.level && *proof.level >= wanted) return std::nullopt;
    return Reason{proof.reason.code.empty() ? "google.unproven" : proof.reason.code,
                  "not yet " + std::string(config::to_text(wanted)) + " at Google" + (proof.reason.text.empty() ? "" : ": " + proof.reason.text)};
}

}  // namespace mediaferry::stages
