#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Private to this folder: which columns make a row of rows.h, in which order, and how they are read.

#include "common/media_db/connection.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

// Each list is written for the table aliases m (media), s (step), a (asset), r (resource), c (copy).
#define MEDIAFERRY_ITEM                                                                                                       \
    "m.id, m.asset_id, m.resource_id, m.filename, m.icloud_id, m.resource, m.kind, m.live_pair, m.sha256, m.apple_checksum, " \
    "m.initial_size, m.current_size, m.taken_at, m.local_path, m.status, m.synced_google, m.synced_nas, m.album_moved, "      \
    "m.deleted_icloud, m.compression_metadata"
inline constexpr int kItemWidth = 20;  ///< columns in MEDIAFERRY_ITEM
#define MEDIAFERRY_STEP \
    "s.media_id, s.stage, s.open, s.status, s.attempts, s.deaths, s.not_before, s.reason_code, s.reason_text, s.started_at, s.finished_at"
#define MEDIAFERRY_ASSET                                                                                                     \
    "a.id, a.account, a.library, a.record_name, a.master_name, a.change_tag, a.filename, a.taken_at, a.added_at, a.hidden, " \
    "a.favourite, a.listed, a.filed_at, a.vetoed_at, a.deleted_at, a.gone_at, a.filed_tag, a.hold_code, a.hold_text"
inline constexpr int kAssetWidth = 19;
#define MEDIAFERRY_RESOURCE \
    "r.id, r.asset_id, r.kind, r.checksum, r.size, r.file_type, r.listed, r.state, r.attempts, r.not_before, r.reason_code, r.reason_text"
#define MEDIAFERRY_COPY \
    "c.id, c.media_id, c.place, c.path, c.sha256, c.size, c.proof, c.written_at, c.proven_at, c.checked_at, c.removed_at, c.receipt"

MediaItem item_from(const Query&, int first = 0);
StepRow step_from(const Query&, int first = 0);
Asset asset_from(const Query&, int first = 0);
Resource resource_from(const Query&, int first = 0);
Copy copy_from(const Query&, int first = 0);
std::optional<Reason> reason_from(const Query&, int code_column);

/// All rows of a query, each read by `read`.
template <class Read>
auto all(Query& query, Read&& read) {
    std::vector<decltype(read(query))> rows;
    while (query.next()) rows.push_back(read(query));
    return rows;
}
inline std::vector<MediaItem> items(Query& query) {
    return all(query, [](const Query& row) { return item_from(row); });
}

}  // namespace mediaferry::media_db
