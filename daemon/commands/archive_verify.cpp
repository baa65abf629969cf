// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry archive verify`: reads copies past the cache, heals what has rotted; with --drill, restores for the exercise.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "common/archive/known.h"
#include "common/archive_index/book_check.h"
#include "common/archive_index/keeper.h"
#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "common/media_db/books.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/runs.h"
#include "common/restore/drill.h"
#include "common/restore/scrub.h"
#include "daemon/commands/archive_commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/percent.h"
#include "daemon/slots.h"
#include "daemon/slow_talk.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

using json_t = nlohmann::ordered_json;
using media_db::MediaDb;

constexpr int kUsualSample = 5;  // percent; the least recently read files first, so twenty calls read everything

struct VerifyWords {
    int percent = 0;  ///< 0: not said
    std::optional<std::chrono::seconds> older_than;
    bool heal = true;
    std::optional<std::int64_t> drill;
    std::optional<std::uint64_t> seed;
};

[[noreturn]] void verify_usage(const std::string& what) {
    throw UsageError{"usage.archive", what + "; archive verify takes [--sample P%|--full] [--older-than 30d] [--no-heal], or --drill N [--seed N]"};
}

VerifyWords verify_words(const std::vector<std::string>& words) {
    VerifyWords said;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto cut = words[i].find('=');
        const auto name = words[i].substr(0, cut);
        const auto value = [&]() -> std::string {
            if (cut != std::string::npos) return words[i].substr(cut + 1);
            if (i + 1 >= words.size()) verify_usage(name + " needs a value");
            return words[++i];
        };
        if (name == "--full") {
            said.percent = 100;
        } else if (name == "--no-heal") {
            said.heal = false;
        } else if (name == "--sample") {
            said.percent = percent_from(value(), name);
        } else if (name == "--older-than") {
            const auto text = value();
            said.older_than = config::duration_from_text(text);
            if (!said.older_than) verify_usage("--older-than " + text + " is no duration (30d, 12h)");
        } else if (name == "--drill") {
            said.drill = count_from(value(), name);
        } else if (name == "--seed") {
            said.seed = seed_from(value());
        } else {
            verify_usage("'" + words[i] + "' is not known");
        }
    }
    if (said.drill && (said.percent || said.older_than || !said.heal)) verify_usage("--drill stands alone");
    if (said.seed && !said.drill) verify_usage("--seed belongs to --drill");
    return said;
}

bool stopped() { return stop_signal() != 0; }

/// A run of nas_archive for as long as files are healed: it holds one of its slots, so that a death in the middle is noticed and counted as ever.
class HealingRun {
public:
    HealingRun(MediaDb& db, const config::Settings& settings, Timestamp now) : runs_(db), db_(db), slot_(take_slot(settings, "nas_archive")) {
        if (!slot_)
            throw TryLater{"stage.slot_taken", "nas_archive is at work in every slot it has; what is damaged is healed when verify runs again"};
        sweep_dead_runs(db, settings, "nas_archive", slot_->number, now);
        id_ = runs_.begin("nas_archive", slot_->number, ::getpid(), std::nullopt, now);
    }
    ~HealingRun() {
        try {
            media_db::Conveyor{db_}.put_back(id_);
            runs_.end(id_, 0, std::nullopt, SystemClock{}.now());
        } catch (const std::exception& error) {
            std::cerr << "the healing run was not closed: " << error.what() << "\n";  // the next run of nas_archive does it
        }
    }
    HealingRun(const HealingRun&) = delete;
    HealingRun& operator=(const HealingRun&) = delete;
    RunId id() const { return id_; }

private:
    media_db::Runs runs_;
    MediaDb& db_;
    std::optional<Slot> slot_;
    RunId id_;
};

json_t finding_json(const restore::Finding& one) {
    json_t row{{"id", one.id.value},        {"filename", one.filename}, {"place", one.place},
               {"path", one.path.string()}, {"code", one.reason.code},  {"text", one.reason.text}};
    row["healed"] = one.healed ? json_t{{"path", one.healed->path.string()}, {"from", one.healed->from}} : json_t(nullptr);
    if (one.healed && one.healed->aside) row["healed"]["set_aside"] = one.healed->aside->string();
    if (one.not_healed) row["not_healed"] = {{"code", one.not_healed->code}, {"text", one.not_healed->text}};
    return row;
}

json_t books_json(const archive_index::BookCheck& books) {
    json_t bad = json_t::array();
    for (const auto& one : books.bad) {
        json_t row{{"path", one.path.string()}, {"code", one.reason.code}, {"text", one.reason.text}, {"healed", one.healed}};
        if (one.aside) row["set_aside"] = one.aside->string();
        bad.push_back(row);
    }
    return {{"written", books.written}, {"read", books.read}, {"bad", bad}};
}

void print_finding(const restore::Finding& one) {
    std::cerr << one.reason.text << "\n";
    if (one.healed)
        std::cerr << "  healed from " << one.healed->from << ": " << one.healed->path.string()
                  << (one.healed->aside ? "; the bad one lies in " + one.healed->aside->string() : "") << "\n";
    if (one.not_healed) std::cerr << "  not healed: " << one.not_healed->text << "\n";
}

int scrub(const VerifyWords& said, const Options& options, const config::Settings& settings) {
    auto db = open_house(settings);
    const SystemClock clock;
    auto archive = archive::open_known(db, settings.archive, clock.now());
    SlowTalk talk{!options.json};
    restore::ScrubWanted wanted;
    wanted.percent = said.percent ? said.percent : said.older_than ? 100 : kUsualSample;
    wanted.older_than = said.older_than;
    wanted.stop = stopped;
    wanted.progress = [&](std::int64_t done, std::int64_t of) { talk("reading", done, of); };
    wanted.found = [&](const restore::Finding& one) {
        if (!options.json) print_finding(one);
    };
    restore::Sources sources{db, settings, clock, &archive, settings.state_directory() / "heal", stopped};
    std::optional<HealingRun> run;
    std::optional<archive::Archive> writing;
    std::optional<restore::Healer> healer;
    const auto open_for_writing = [&]() -> archive::Archive& {
        if (!writing) {
            run.emplace(db, settings, clock.now());
            writing.emplace(archive::open_known(db, settings.archive, clock.now(), archive::writer_of(db, run->id(), clock.now())));
        }
        return *writing;
    };
    if (said.heal)
        wanted.healer = [&]() -> restore::Healer& {
            auto& store = open_for_writing();
            if (!healer) healer.emplace(db, settings, clock, store, sources, run->id(), stopped);
            return *healer;
        };
    const auto result = restore::scrub(db, settings, clock, archive, wanted);
    auto index = archive_index::Index::open_whole(archive_index::index_file(settings.state_directory(), archive));
    const auto before = said.older_than ? std::optional{clock.now() - *said.older_than} : std::nullopt;
    auto books = archive_index::check_books(archive, index, wanted.percent, before, clock.now(), stopped);
    if (said.heal && !books.bad.empty()) archive_index::write_again(db, open_for_writing(), index, books, clock.now(), stopped);
    // An index that was just made knows of no book: all are written once more, and known from then on.
    if (books.written == 0 && result.archived > 0) media_db::Books(db).all_due();
    const auto bad_books = std::ranges::count_if(books.bad, [](const auto& one) { return !one.healed; });
    if (options.json) {
        json_t bad = json_t::array();
        for (const auto& one : result.findings) bad.push_back(finding_json(one));
        std::cout << json_t{{"archived", result.archived},
                            {"read", result.read},
                            {"bytes", result.bytes.count},
                            {"good", result.good},
                            {"at_home", result.at_home},
                            {"healed", result.healed},
                            {"bad", bad},
                            {"books", books_json(books)}}
                         .dump(2, ' ', false, json_t::error_handler_t::replace)
                  << "\n";
    } else {
        for (const auto& one : books.bad)
            std::cerr << one.reason.text << (one.healed ? "; written anew" : "") << (one.aside ? "; the bad one lies in " + one.aside->string() : "")
                      << "\n";
        std::cout << "read " << result.read << " of " << result.archived << " archived files (" << to_text(result.bytes)
                  << "), past the cache: " << result.good << " as archived, " << result.read - result.good << " not; " << result.at_home
                  << " copies at home, " << books.read << " of the archive's own books; " << result.findings.size() + books.bad.size()
                  << " found bad or missing, " << result.healed + static_cast<std::int64_t>(books.bad.size()) - bad_books << " healed\n";
    }
    return result.unhealed() + bad_books == 0 ? 0 : kItemsFailed;
}

int exercise(const VerifyWords& said, const Options& options, const config::Settings& settings) {
    auto db = open_house(settings);
    const SystemClock clock;
    auto archive = archive::open_known(db, settings.archive, clock.now());
    const auto seed = said.seed.value_or(std::random_device{}());
    const auto scratch = settings.state_directory() / "drill" / std::to_string(::getpid());
    const auto result = restore::drill(db, settings, clock, archive, *said.drill, seed, scratch, stopped);
    const auto last = restore::last_good_drill(db);
    if (options.json) {
        json_t bad = json_t::array();
        for (const auto& one : result.bad) bad.push_back({{"id", one.id.value}, {"filename", one.filename}, {"what", one.what}});
        std::cout << json_t{{"passed", result.passed()},
                            {"files", result.files},
                            {"good", result.good},
                            {"bytes", result.bytes.count},
                            {"seed", result.seed},
                            {"bad", bad},
                            {"last_good", last ? json_t(to_iso(*last)) : json_t(nullptr)}}
                         .dump(2, ' ', false, json_t::error_handler_t::replace)
                  << "\n";
    } else if (result.files == 0) {
        std::cout << "nothing is on the NAS yet: there is nothing to restore\n";
    } else {
        for (const auto& one : result.bad) std::cerr << one.id.value << " " << one.filename << ": " << one.what << "\n";
        std::cout << "restored " << result.files << " files (" << to_text(result.bytes) << ", seed " << result.seed
                  << ") from the NAS: " << result.good << " exactly as they arrived"
                  << (result.passed() ? ". The drill passed\n" : "; run mediaferry archive verify --full\n");
    }
    return result.bad.empty() ? 0 : kItemsFailed;
}

}  // namespace

int archive_verify(const std::vector<std::string>& words, const Options& options, const config::Settings& settings) {
    const auto said = verify_words(words);
    catch_stop_signals();
    const auto lock = files::Lock::try_take(settings.state_directory() / "locks" / "archive-verify");
    if (!lock) throw TryLater{"verify.running", "archive verify is running already; try again when it is done"};
    try {
        return said.drill ? exercise(said, options, settings) : scrub(said, options, settings);
    } catch (const Interrupted&) {
        return 128 + stop_signal();
    }
}

}  // namespace mediaferry::daemon
