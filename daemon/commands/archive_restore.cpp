// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry archive restore`: brings originals, or small copies, to a folder of one's own.
#include <unistd.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/archive/known.h"
#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "common/media_db/catalogue.h"
#include "common/restore/restorer.h"
#include "daemon/commands/archive_commands.h"
#include "daemon/exit_code.h"
#include "daemon/find_items.h"
#include "daemon/open_house.h"
#include "daemon/slow_talk.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;
using media_db::MediaDb;
using media_db::MediaItem;
using restore::Restored;

struct RestoreWords {
    std::vector<std::string> items;
    bool all = false;
    std::optional<Timestamp> since;
    restore::Wish wish;
};

[[noreturn]] void restore_usage(const std::string& what) {
    throw UsageError{"usage.archive",
                     what + "; archive restore takes ITEM…|--all|--since DATE, --to DIR and [--small-copies] [--flat] [--dry-run] [--json]"};
}

RestoreWords restore_words(const std::vector<std::string>& words) {
    RestoreWords said;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto cut = words[i].find('=');
        const auto name = words[i].starts_with("--") ? words[i].substr(0, cut) : words[i];
        const auto value = [&]() -> std::string {
            if (cut != std::string::npos) return words[i].substr(cut + 1);
            if (i + 1 >= words.size()) restore_usage(name + " needs a value");
            return words[++i];
        };
        if (name == "--all") {
            said.all = true;
        } else if (name == "--since") {
            const auto text = value();
            said.since = from_iso(text);
            if (!said.since) restore_usage("--since " + text + " is no date (2025-01-31)");
        } else if (name == "--to") {
            said.wish.to = fs::absolute(value());
        } else if (name == "--small-copies") {
            said.wish.small_copies = true;
        } else if (name == "--flat") {
            said.wish.flat = true;
        } else if (name == "--dry-run") {
            said.wish.dry_run = true;
        } else if (name.starts_with("--")) {
            restore_usage("'" + name + "' is not known");
        } else {
            said.items.push_back(name);
        }
    }
    if (said.wish.to.empty()) restore_usage("where to? --to DIR (what `queue` moved to the trash comes back by mediaferry queue restore)");
    if ((said.all ? 1 : 0) + (said.since ? 1 : 0) + (said.items.empty() ? 0 : 1) != 1) restore_usage("restore what? ITEM, --all or --since DATE");
    return said;
}

bool asked_to_stop() { return stop_signal() != 0; }

/// Every photo that is meant, once, with all its files: the pair, the edit, the RAW.
class Photos {
public:
    Photos(MediaDb& db, const RestoreWords& said) : db_(db), said_(said) {}

    template <class Work>
    void each(Work&& work) {
        if (!said_.items.empty()) {
            for (const auto& word : said_.items)
                for (const auto& item : items_meant(db_, word)) once(item, work);
            return;
        }
        constexpr std::size_t page_size = 500;
        for (MediaId at{0};;) {
            const auto page = media_db::Catalogue{db_}.items_after(at, page_size);
            if (page.empty()) return;
            for (const auto& item : page)
                if (said_.all || item.taken >= *said_.since) once(item, work);
            at = page.back().id;
        }
    }

private:
    template <class Work>
    void once(const MediaItem& item, Work&& work) {
        if (asked_to_stop()) throw Interrupted{"interrupted", "asked to stop"};
        if (!item.asset) {
            if (alone_.insert(item.id).second) work(std::vector{item});
        } else if (seen_.insert(*item.asset).second) {
            work(media_db::Catalogue{db_}.items_of(*item.asset));
        }
    }

    MediaDb& db_;
    const RestoreWords& said_;
    std::set<AssetId> seen_;
    std::set<MediaId> alone_;
};

struct Sums {
    std::int64_t written = 0, there = 0, would = 0, failed = 0;
    Bytes bytes;
    std::map<std::string, std::int64_t> from;
};

void add(Sums& sums, const Restored& one) {
    using How = Restored::How;
    (one.how == How::written ? sums.written : one.how == How::there ? sums.there : one.how == How::would ? sums.would : sums.failed) += 1;
    if (one.how == How::written || one.how == How::would) sums.bytes += one.size;
    if (one.how == How::written) ++sums.from[one.from];
}

std::string_view word(Restored::How how) {
    using enum Restored::How;
    return how == written ? "restored" : how == there ? "there" : how == would ? "would restore" : "failed";
}

json_t row_of(const Restored& one) {
    json_t row{{"id", one.id.value}, {"filename", one.filename}, {"path", one.path.string()}, {"what", word(one.how)}, {"bytes", one.size.count}};
    if (!one.from.empty()) row["from"] = one.from;
    if (one.reason) row["reason"] = {{"code", one.reason->code}, {"text", one.reason->text}};
    return row;
}

std::string in_words(const Sums& sums, bool dry_run, const fs::path& to) {
    if (dry_run)
        return "would restore " + std::to_string(sums.would) + " files (" + to_text(sums.bytes) + ") to " + to.string() + "; " +
               std::to_string(sums.there) + " are there already";
    std::string text = "restored " + std::to_string(sums.written) + " files (" + to_text(sums.bytes) + ") to " + to.string();
    for (const auto& [from, files] : sums.from) text += ", " + std::to_string(files) + " from " + from;
    text += "; " + std::to_string(sums.there) + " were there already, " + std::to_string(sums.failed) + " failed";
    return text;
}

/// The NAS for reading; nullopt: it is away, and `why` says so.
std::optional<archive::Archive> nas_if_there(MediaDb& db, const config::Settings& settings, std::string& why) {
    if (!settings.archive.enabled) return std::nullopt;
    try {
        return archive::Archive::open(settings.archive, archive::known_uuid(db));
    } catch (const Error& error) {
        why = full_message(error);
        std::cerr << "the NAS is away (" << why << "): what is at home is restored from there\n";
        return std::nullopt;
    }
}

int bring_home(const RestoreWords& said, const Options& options, const config::Settings& settings) {
    auto db = look_at_house(settings);
    const SystemClock clock;
    std::string nas_away;
    auto archive = nas_if_there(db, settings, nas_away);
    auto* const nas = archive ? &*archive : nullptr;
    restore::Sources sources{db, settings, clock, nas, settings.state_directory() / "restore" / std::to_string(::getpid()), asked_to_stop};
    restore::Restorer restorer{db, settings, nas, sources, said.wish, asked_to_stop};
    SlowTalk talk{!options.json && !options.no_progress};
    Sums sums;
    json_t rows = json_t::array();
    Photos{db, said}.each([&](const std::vector<MediaItem>& files) {
        for (const auto& one : restorer.photo(files)) {
            add(sums, one);
            if (options.json) rows.push_back(row_of(one));
            if (!options.json && said.wish.dry_run && one.how == Restored::How::would) std::cout << "would restore " << one.path.string() << "\n";
            if (one.reason) std::cerr << one.filename << ": " << one.reason->text << "\n";
        }
        talk("restoring", sums.written + sums.there + sums.failed, 0);
    });
    if (options.json)
        std::cout << json_t{{"to", said.wish.to.string()}, {"restored", sums.written},  {"there", sums.there},  {"would", sums.would},
                            {"failed", sums.failed},       {"bytes", sums.bytes.count}, {"nas_away", nas_away}, {"files", rows}}
                         .dump(2, ' ', false, json_t::error_handler_t::replace)
                  << "\n";
    else
        std::cout << in_words(sums, said.wish.dry_run, said.wish.to) << "\n";
    if (sums.failed == 0) return 0;
    return nas_away.empty() ? kItemsFailed : kUnavailable;
}

}  // namespace

int archive_restore(const std::vector<std::string>& words, const Options& options, const config::Settings& settings) {
    const auto said = restore_words(words);
    restore::refuse_house_folders(said.wish.to, settings);
    catch_stop_signals();
    // Two at once would take each other's unfinished files for leftovers.
    const auto lock = files::Lock::try_take(settings.state_directory() / "locks" / "archive-restore");
    if (!lock) throw TryLater{"restore.running", "archive restore is running already; try again when it is done"};
    try {
        return bring_home(said, options, settings);
    } catch (const Interrupted&) {
        std::cerr << "stopped; the same command goes on from here\n";
        return 128 + stop_signal();
    }
}

}  // namespace mediaferry::daemon
