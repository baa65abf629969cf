// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/soundness.h"

#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/connection.h"
#include "common/media_db/runs.h"

namespace mediaferry::media_db {

namespace {

constexpr std::string_view kChecked = "db.checked";
constexpr auto kCheckedFor = std::chrono::hours{24};

/// Another one after every start of the machine; "" where the kernel does not say.
std::string boot_id() {
    try {
        auto id = files::read_small_file("/proc/sys/kernel/random/boot_id");
        while (!id.empty() && id.back() == '\n') id.pop_back();
        return id;
    } catch (const std::exception&) {
        return "";
    }
}

HistoryHead head_of(const MediaDb& db) {
    Query last(db, "SELECT id, hash FROM event ORDER BY id DESC LIMIT 1");
    if (!last.next()) return {};
    return {last.integer(0), last.text(1)};
}

void write_head(const fs::path& database, const HistoryHead& head) {
    files::replace_small_file(head_file(database), nlohmann::json{{"events", head.events}, {"hash", head.hash}}.dump() + "\n");
}

bool is_gone(const fs::path& file) { return !fs::exists(file) || fs::file_size(file) == 0; }

/// On a full disk SQLite cannot even begin, and says no more than "disk I/O error".
void refuse_full_disk(const fs::path& file) {
    constexpr std::uintmax_t kLeast = 64 << 10;
    boost::system::error_code unknown;
    const auto space = fs::space(file.parent_path(), unknown);
    if (!unknown && space.available < kLeast)
        throw Unavailable("db.full", "no room left for the database " + file.string() + " (" + to_text(Bytes{space.available}) +
                                         " free): free some space on its disk");
}

void look_at_every_page(MediaDb& db, Timestamp now) {
    const auto began = std::chrono::steady_clock::now();
    const auto found = translated(db.file(), [&] { return damage(*db.impl().db, true); });
    if (!found.empty())
        throw BadInput("db.corrupt",
                       "the database is damaged: " + db.file().string() + ": " + found.front() +
                           "; nothing was touched. `mediaferry db check` says more, `mediaferry db restore` puts back the newest backup");
    Facts(db).set(kChecked, boot_id(), now);
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    log::debug("database checked", {{"MS", took.count()}});
}

}  // namespace

fs::path head_file(const fs::path& database) { return database.string() + "-history"; }

std::optional<HistoryHead> kept_head(const fs::path& database) {
    try {
        if (!files::is_file(head_file(database))) return std::nullopt;
        const auto kept = nlohmann::json::parse(files::read_small_file(head_file(database)));
        return HistoryHead{kept.at("events").get<std::int64_t>(), kept.at("hash").get<std::string>()};
    } catch (const std::exception& error) {
        log::warning("the head of the history cannot be read", {{"FILE", head_file(database).string()}, {"ERROR", error.what()}});
        return std::nullopt;
    }
}

void keep_head(MediaDb& db) noexcept {
    try {
        const auto head = head_of(db);
        const auto kept = kept_head(db.file());
        // Two runs may end at once: what is kept only grows.
        if (head.events > (kept ? kept->events : 0)) write_head(db.file(), head);
    } catch (const std::exception& error) {
        log::warning("the head of the history could not be kept", {{"ERROR", error.what()}});
    }
}

void reset_head(MediaDb& db) { write_head(db.file(), head_of(db)); }

std::optional<std::string> history_cut_off(const MediaDb& db) {
    const auto kept = kept_head(db.file());
    if (!kept || kept->events == 0) return std::nullopt;
    Query there(db, "SELECT hash FROM event WHERE id = :id");
    there.with(":id", kept->events);
    const bool found = there.next();
    if (found && there.text(0) == kept->hash) return std::nullopt;
    return "its history " + (found ? "is another one than" : "ends at event " + std::to_string(head_of(db).events) + ", before") +
           " that of the last run, which ended at event " + std::to_string(kept->events) +
           ": an older copy was put in its place, its log (-wal) was lost, or events were taken out";
}

void succeed(const MediaDb& made, const fs::path& database) {
    const auto head = head_file(fs::absolute(database));
    if (files::is_file(head)) files::replace_small_file(head.string() + ".lost", files::read_small_file(head));
    write_head(fs::absolute(database), head_of(made));
}

bool check_is_due(const MediaDb& db, Timestamp now) {
    const Facts facts(const_cast<MediaDb&>(db));
    const auto checked = facts.written(kChecked);
    // One of the future is a clock that was wrong.
    return !checked || *checked > now || now - *checked >= kCheckedFor || facts.get(kChecked) != boot_id();
}

MediaDb open_sound(const fs::path& database, Timestamp now, Doubt doubt) {
    const fs::path file = fs::absolute(database);
    if (const auto kept = kept_head(file); kept && kept->events > 0 && is_gone(file))
        throw BadInput("db.vanished",
                       "the database " + file.string() + " is gone; it had " + std::to_string(kept->events) +
                           " events. `mediaferry db restore` puts back the newest backup, `mediaferry db adopt --from-archive` makes it "
                           "anew from the NAS (to begin with nothing on purpose, remove " +
                           head_file(file).string() + ")");
    refuse_full_disk(file);
    auto db = MediaDb::open(file);
    if (const auto wrong = history_cut_off(db))
        throw BadInput("db.cut_off", file.string() + ": " + *wrong +
                                         ". Nothing was touched. `mediaferry db restore` puts back the newest backup; `mediaferry db restore " +
                                         file.string() + "` goes on with this one as it is");
    if (doubt == Doubt::ended_badly || check_is_due(db, now)) look_at_every_page(db, now);
    return db;
}

}  // namespace mediaferry::media_db
