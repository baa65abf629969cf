// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/albums.h"

#include <map>
#include <set>

#include "common/errors/errors.h"
#include "common/log/log.h"
#include "common/media_db/books.h"
#include "common/media_db/runs.h"
#include "stages/icloud_download/census.h"

namespace mediaferry::stages {

namespace {

constexpr std::chrono::hours kOften{12};

struct Album {
    std::vector<std::string> members;
    bool complete = true;
};

/// Two albums of one name are one to a person who reads a capsule.
std::map<std::string, Album> albums_by_name(icloud::Client& client, const stage::Run& run) {
    std::map<std::string, Album> albums;
    for (const auto& record : client.albums()) {
        if (record.folder || record.deleted || record.name == run.settings().icloud.album) continue;
        if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop while listing albums"};
        const auto found = client.members(record.record_name);
        auto& album = albums[record.name];
        for (const auto& [asset, relation] : found.relation_of) album.members.push_back(asset);
        album.complete = album.complete && found.complete();
    }
    return albums;
}

}  // namespace

void read_albums(icloud::Client& client, stage::Run& run) {
    media_db::Facts facts{run.db()};
    const auto now = run.now();
    const auto before = facts.get(media_db::kAlbumsRead);
    const auto last = before ? from_iso(*before) : std::nullopt;
    if (last && *last <= now && now - *last < kOften) return;
    try {
        run.activity("reading the albums");
        media_db::Books books{run.db()};
        const auto account = account_of(run.settings());
        const auto library = client.library().zone;
        std::vector<std::string> names;
        for (const auto& [name, album] : albums_by_name(client, run)) {
            books.set_album(account, library, name, album.members, album.complete);
            names.push_back(name);
        }
        books.keep_albums(names);
        facts.set(media_db::kAlbumsRead, to_iso(now), now);
    } catch (const SignInRequired&) {
        throw;
    } catch (const Interrupted&) {
        throw;
    } catch (const Error& error) {
        log::warning("the albums could not be read", {{"REASON", error.code()}, {"ERROR", error.what()}});
    }
}

}  // namespace mediaferry::stages
