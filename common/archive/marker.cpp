// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/marker.h"

#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"

namespace mediaferry::archive {
namespace {

constexpr const char* kTempName = ".mediaferry-nas.new";

std::string random_uuid() {
    auto text = files::read_small_file("/proc/sys/kernel/random/uuid");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

}  // namespace

std::optional<Marker> read_marker(const files::Store& tree) {
    const auto status = tree.status(kMarkerName);
    if (!status || (S_ISREG(status->st_mode) && status->st_size == 0)) return std::nullopt;
    const auto where = (tree.root() / kMarkerName).string();
    if (!S_ISREG(status->st_mode))
        throw NeedsPerson("nas.marker",
                          where + " is " + files::kind_of(status->st_mode) +
                              ", not the marker file that `mediaferry archive init` wrote. Nothing is written to this archive. Take it away, and put "
                              "the marker back from a backup or run `mediaferry archive init`");
    const auto json = nlohmann::json::parse(tree.read_small(kMarkerName), nullptr, false);
    if (!json.is_object() || !json.value("uuid", nlohmann::json{}).is_string() || json["uuid"].get<std::string>().empty())
        throw NeedsPerson("nas.marker",
                          where +
                              " is not a marker that `mediaferry archive init` wrote. Nothing is written to this archive. Look what the file is; "
                              "if it is not needed, take it away and run `mediaferry archive init`");
    const auto version = json.value("version", nlohmann::json(1));
    if (!version.is_number_integer() || version.get<int>() != 1)
        throw NeedsPerson("nas.marker", where + " was written by a newer mediaferry. Install that version");
    Marker marker;
    marker.uuid = json["uuid"].get<std::string>();
    if (const auto created = json.value("created", nlohmann::json{}); created.is_string())
        marker.created = from_iso(created.get<std::string>()).value_or(Timestamp{});
    return marker;
}

void clear_dead_mark(const files::Store& tree) {
    const auto old = tree.status(kMarkerName);
    if (!old || !S_ISREG(old->st_mode) || old->st_size == 0) return;
    if (tree.status(kTempName)) tree.remove(kTempName);  // as long as it is there the mark is somebody's
    tree.clear_mark(kMarkerName);
}

Marker write_marker(const files::Store& tree, Timestamp now) {
    const Marker marker{random_uuid(), now, 1};
    const nlohmann::ordered_json json{{"uuid", marker.uuid}, {"created", to_iso(now)}, {"version", marker.version}};
    if (const auto old = tree.status(kMarkerName); old && S_ISREG(old->st_mode) && old->st_size == 0) tree.remove(kMarkerName);
    tree.remove(kTempName);
    MF_AROUND("archive.marker.create", tree.write_new(kTempName, json.dump(2) + "\n"));
    try {
        MF_AROUND("archive.marker.rename", tree.rename_new(kTempName, kMarkerName));
    } catch (...) {
        tree.remove(kTempName);
        throw;
    }
    tree.sync_directory("");
    return marker;
}

}  // namespace mediaferry::archive
