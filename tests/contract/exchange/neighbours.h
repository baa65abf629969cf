#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Two houses beside each other, and a stick that is carried between them.

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <map>
#include <string>

#include "common/exchange/exchange.h"
#include "tests/support/house.h"

namespace mediaferry::test {

class Neighbours {
public:
    House mine, theirs;
    TempDir stick;

    exchange::House here() { return {mine.db(), mine.settings, mine.clock}; }
    exchange::House there() { return {theirs.db(), theirs.settings, theirs.clock}; }

    /// Their media.db, as a person would ask for it.
    fs::path their_database() {
        theirs.db();
        return theirs.settings.database;
    }
    /// analyze and export here; the list's id.
    std::string exported() {
        const auto list = exchange::analyze(here(), their_database(), false).list.value();
        exchange::export_list(here(), list, stick.path(), false);
        return list;
    }
    /// A live photo in an album, a favourite.
    void take_a_live_photo() {
        const auto asset = mine.asset("REC-LIVE", "IMG_1.HEIC");
        mine.downloaded("IMG_1.HEIC", {.content = "the still", .asset = asset, .live_pair = true});
        mine.downloaded("IMG_1.MOV",
                        {.content = "the movie", .kind = MediaKind::video, .resource = ResourceKind::live_movie, .asset = asset, .live_pair = true});
        sql(mine, "UPDATE asset SET favourite = 1 WHERE record_name = 'REC-LIVE'");
        sql(mine, "INSERT INTO album (source, name) VALUES ('', 'Summer')");
        sql(mine, "INSERT INTO album_asset SELECT (SELECT id FROM album), id FROM asset WHERE record_name = 'REC-LIVE'");
    }

    static void sql(House& house, const std::string& statement) {
        house.db();
        SQLite::Database(house.settings.database.string(), SQLite::OPEN_READWRITE, 5000).exec(statement);
    }
    static std::string value(House& house, const std::string& query) {
        house.db();
        SQLite::Database db(house.settings.database.string(), SQLite::OPEN_READONLY, 5000);
        SQLite::Statement statement(db, query);
        return statement.executeStep() && !statement.getColumn(0).isNull() ? statement.getColumn(0).getString() : "";
    }

    /// relative path -> content of every file below.
    static std::map<std::string, std::string> files(const fs::path& folder) {
        std::map<std::string, std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (fs::is_regular_file(entry.symlink_status())) found[entry.path().lexically_relative(folder).string()] = read(entry.path());
        return found;
    }
    /// All that an exchange may change in a house.
    static std::map<std::string, std::string> portrait(House& house) {
        auto found = files(house.folder("backup"));
        for (const char* table : {"media", "asset", "copy", "step", "event", "album", "album_asset", "sync_operations", "sync_files", "sync_records"})
            found[table] = value(house, std::string("SELECT count(*) FROM ") + table);
        return found;
    }
};

/// The code of what `work` throws, "" if nothing.
template <class Work>
std::string code_thrown(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return "";
}

}  // namespace mediaferry::test
