// SPDX-License-Identifier: GPL-3.0-or-later
#include <unordered_set>

#include "common/archive/naming.h"
#include "common/exchange/exchange.h"
#include "common/exchange/intake.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"

namespace mediaferry::exchange {
namespace {

/// A private folder for the copy of their database, gone afterwards; one of a killed call too.
class Scratch {
public:
    explicit Scratch(const config::Settings& settings) : path_(settings.state_directory() / "exchange") {
        fs::remove_all(path_);
        files::make_directories(path_);
        fs::permissions(path_, fs::owner_all);
    }
    ~Scratch() {
        boost::system::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

/// 2024/06/IMG_0001.JPG, each once, also where "img" and "IMG" are the same.
class Names {
public:
    fs::path next(const media_db::MediaItem& item) {
        const auto day = to_compact(item.taken);
        const auto path = files::free_name(fs::path(day.substr(0, 4)) / day.substr(4, 2) / files::safe_name(item.filename),
                                           [&](const fs::path& name) { return taken_.contains(archive::folded(name.string())); });
        taken_.insert(archive::folded(path.string()));
        return path;
    }

private:
    std::unordered_set<std::string> taken_;
};

}  // namespace

Analysis analyze(const House& house, const fs::path& remote_db, bool rehearse) {
    const auto turn = take_turn(house.settings);
    const Scratch scratch{house.settings};
    const auto theirs = media_db::open_copy_of(remote_db, scratch.path());
    media_db::Exchange books{house.db};
    Analysis result;
    if (rehearse) {
        result.found = books.compare(theirs);
        return result;
    }
    const auto now = house.clock.now();
    const auto list = new_id("exchange", now);
    const auto operation = new_id("analyze", now);
    books.archive_id(now);  // who we are, before anybody is told
    media_db::Transaction transaction{house.db, MF_COMMIT("exchange.analyze.list")};
    books.begin({operation, "analyze", "running", fs::absolute(remote_db).string(), list, "", 0, 0, 0, now, {}}, now);
    books.create_list(list, operation, now);
    Names names;
    std::size_t added = 0;
    result.found = books.compare(theirs, [&](MediaId media) {
        if (added == kMostFiles) {
            ++result.left_out;
            return;
        }
        books.add_to_list(list, media, names.next(media_db::Catalogue(house.db).item(media).value()));
        ++added;
    });
    if (added == 0) return result;  // rolled back: no list of nothing
    books.list_is_complete(list);
    // Each content that is here was looked up there.
    books.set_total(operation, result.found.here);
    books.end(operation, "completed", result.found.here, 0, now);
    transaction.commit();
    result.list = list;
    log::info("export list made", {{"LIST", list}, {"FILES", static_cast<std::int64_t>(added)}});
    return result;
}

}  // namespace mediaferry::exchange
