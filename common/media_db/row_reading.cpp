// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {

/// A word that a CHECK of the schema lets pass and we do not know can only come from a hand that edited the file.
template <class T>
T known(const std::optional<T>& value, const std::string& word) {
    if (!value) throw BadInput("db.corrupt", "media.db holds a word that mediaferry does not know: '" + word + "'; run `mediaferry db check`");
    return *value;
}

pipeline::StepStatus step_status(const std::string& word) {
    using pipeline::StepStatus;
    if (word == "pending") return StepStatus::pending;
    if (word == "running") return StepStatus::running;
    if (word == "done") return StepStatus::done;
    return StepStatus::attention;
}

}  // namespace

std::optional<Reason> reason_from(const Query& row, int code_column) {
    if (row.is_null(code_column)) return std::nullopt;
    return Reason{row.text(code_column), row.text(code_column + 1)};
}

MediaItem item_from(const Query& row, int first) {
    MediaItem item;
    int column = first;
    item.id = MediaId{row.integer(column++)};
    item.asset = row.maybe_id<AssetId>(column++);
    item.resource_id = row.maybe_id<ResourceId>(column++);
    item.filename = row.text(column++);
    item.icloud_id = row.text(column++);
    item.resource = known(resource_kind_from_text(row.text(column)), row.text(column));
    ++column;
    item.kind = known(media_kind_from_text(row.text(column)), row.text(column));
    ++column;
    item.live_pair = row.flag(column++);
    item.sha256 = known(sha256_from_hex(row.text(column)), row.text(column));
    ++column;
    item.apple_checksum = row.text(column++);
    item.size = row.bytes(column++);
    item.current_size = row.bytes(column++);
    item.taken = row.time(column++);
    if (!row.is_null(column)) item.local_path = fs::path(row.text(column));
    ++column;
    item.status = row.text(column++);
    item.synced_google = !row.is_null(column++);
    item.synced_nas = !row.is_null(column++);
    item.album_moved = row.flag(column++);
    item.deleted_icloud = !row.is_null(column++);
    item.compression_metadata = row.text(column++);
    return item;
}

StepRow step_from(const Query& row, int first) {
    StepRow step;
    step.media = MediaId{row.integer(first)};
    step.stage = row.text(first + 1);
    step.open = row.flag(first + 2);
    step.status = step_status(row.text(first + 3));
    step.attempts = static_cast<int>(row.integer(first + 4));
    step.deaths = static_cast<int>(row.integer(first + 5));
    step.not_before = row.time(first + 6);
    step.reason = reason_from(row, first + 7);
    step.started = row.maybe_time(first + 9);
    step.finished = row.maybe_time(first + 10);
    return step;
}

Asset asset_from(const Query& row, int first) {
    Asset asset;
    int column = first;
    asset.id = AssetId{row.integer(column++)};
    for (std::string* text : {&asset.account, &asset.library, &asset.record_name, &asset.master_name, &asset.change_tag, &asset.filename})
        *text = row.text(column++);
    asset.taken = row.time(column++);
    asset.added = row.time(column++);
    asset.hidden = row.flag(column++);
    asset.favourite = row.flag(column++);
    asset.listed = row.flag(column++);
    for (std::optional<Timestamp>* time : {&asset.filed, &asset.vetoed, &asset.deleted, &asset.gone}) *time = row.maybe_time(column++);
    asset.filed_tag = row.text(column++);
    asset.hold = reason_from(row, column);
    return asset;
}

Resource resource_from(const Query& row, int first) {
    Resource resource;
    resource.id = ResourceId{row.integer(first)};
    resource.asset = AssetId{row.integer(first + 1)};
    resource.kind = known(resource_kind_from_text(row.text(first + 2)), row.text(first + 2));
    resource.checksum = row.text(first + 3);
    resource.size = row.bytes(first + 4);
    resource.file_type = row.text(first + 5);
    resource.listed = row.flag(first + 6);
    resource.state = row.text(first + 7);
    resource.attempts = static_cast<int>(row.integer(first + 8));
    resource.not_before = row.time(first + 9);
    resource.reason = reason_from(row, first + 10);
    return resource;
}

Copy copy_from(const Query& row, int first) {
    Copy copy;
    copy.id = CopyId{row.integer(first)};
    copy.media = MediaId{row.integer(first + 1)};
    copy.place = known(place_from_text(row.text(first + 2)), row.text(first + 2));
    copy.path = row.text(first + 3);
    copy.sha256 = known(sha256_from_hex(row.text(first + 4)), row.text(first + 4));
    copy.size = row.bytes(first + 5);
    copy.proof = row.text(first + 6);
    copy.written = row.time(first + 7);
    copy.proven = row.maybe_time(first + 8);
    copy.checked = row.maybe_time(first + 9);
    copy.removed = row.maybe_time(first + 10);
    copy.receipt = row.text(first + 11);
    return copy;
}

}  // namespace mediaferry::media_db
