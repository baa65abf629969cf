// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/archive_commands.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/archive/known.h"
#include "common/archive/settle.h"
#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "daemon/commands/reindex_command.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

using Words = std::vector<std::string>;
using media_db::MediaDb;

constexpr int kUsualSample = 5;  // percent; the least recently read files first, so twenty calls read everything

bool on_the_system_disk(const fs::path& root) {
    struct stat there {
    }, system{};
    return ::stat(root.c_str(), &there) == 0 && ::stat("/", &system) == 0 && there.st_dev == system.st_dev;
}

/// An archive that is known but whose marker is missing is far more likely unmounted than new.
void not_by_mistake(MediaDb& db, const config::Settings& settings) {
    const auto known = archive::known_uuid(db);
    if (!known) return;
    try {
        archive::Archive::open(settings.archive, known);
    } catch (const Error& error) {
        throw Unavailable{error.code(), std::string(error.what()) + ". This house already has an archive (" + *known +
                                            "). If it is gone for good and this is its successor: `mediaferry archive init --new`"};
    }
}

int init(const Words& words, const Options& options, const config::Settings& settings) {
    const bool fresh = words == Words{"--new"};
    if (!fresh && !words.empty()) throw UsageError{"usage.archive", "archive init takes --new or nothing"};
    auto db = open_house(settings);
    if (!fresh) not_by_mistake(db, settings);
    const auto now = SystemClock{}.now();
    const auto [marker, written] = archive::Archive::initialise(settings.archive, now);
    archive::remember(db, marker, now);
    const auto root = settings.archive.root.string();
    if (options.json) {
        std::cout << nlohmann::ordered_json{{"root", root}, {"uuid", marker.uuid}, {"created", to_iso(marker.created)}, {"written", written}}.dump(2)
                  << "\n";
    } else {
        std::cout << root << (written ? " is now an archive: " : " is an archive already: ") << marker.uuid << "\n";
    }
    if (written && on_the_system_disk(root))
        std::cerr << "note: " << root
                  << " lies on the system disk. If a NAS belongs there it is not mounted now, and this marker would hide that for ever: remove "
                  << root << "/" << archive::kMarkerName << ", mount the NAS and run `mediaferry archive init --new`\n";
    return 0;
}

/// Share of the files to read, in percent.
int share_of(const Words& words) {
    if (words.empty()) return kUsualSample;
    if (words == Words{"--full"}) return 100;
    const auto text = words.front().starts_with("--sample=") && words.size() == 1 ? words.front().substr(9)
                      : words.size() == 2 && words.front() == "--sample"          ? words[1]
                                                                                  : "";
    int percent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
    const std::string_view rest{end, text.data() + text.size()};
    if (error != std::errc{} || percent < 1 || percent > 100 || (rest != "%" && !rest.empty()))
        throw UsageError{"usage.archive", "archive verify takes --full or --sample P% with P from 1 to 100"};
    return percent;
}

struct Archived {
    media_db::MediaItem item;
    media_db::Copy copy;
};

/// Every file with a copy on the NAS, the least recently read first. Media ids are given out without gaps.
std::vector<Archived> archived_files(MediaDb& db) {
    std::int64_t left = 0;
    for (const auto& row : media_db::Reports(db).by_status()) left += row.files;
    std::vector<Archived> found;
    constexpr std::int64_t longest_gap = 1'000'000;
    for (std::int64_t id = 1, missed = 0; left > 0 && missed < longest_gap; ++id) {
        auto item = media_db::Catalogue(db).item(MediaId{id});
        if (!item) {
            ++missed;
            continue;
        }
        missed = 0;
        --left;
        if (auto copy = media_db::Evidence(db).current(MediaId{id}, Place::nas)) found.push_back({std::move(*item), std::move(*copy)});
    }
    std::ranges::stable_sort(found, {}, [](const Archived& one) { return one.copy.checked.value_or(one.copy.written); });
    return found;
}

struct Verdict {
    std::int64_t archived = 0, read = 0, good = 0;
    Bytes bytes;
    std::vector<std::pair<Archived, Reason>> bad;
};

Verdict read_back(MediaDb& db, const config::Settings& settings, int percent) {
    const SystemClock clock;
    const auto archive = archive::open_known(db, settings.archive, clock.now());
    auto files = archived_files(db);
    Verdict verdict;
    verdict.archived = static_cast<std::int64_t>(files.size());
    files.resize((files.size() * static_cast<std::size_t>(percent) + 99) / 100);
    for (auto& file : files) {
        if (stop_signal() != 0) throw Interrupted{"interrupted", "asked to stop"};
        const auto reason =
            archive::read_again(archive, db, file.item, file.copy, clock.now(), settings.archive.settle, [] { return stop_signal() != 0; });
        ++verdict.read;
        verdict.bytes += file.item.size;
        if (reason) {
            std::cerr << reason->text << "\n";
            verdict.bad.emplace_back(std::move(file), *reason);
        } else {
            ++verdict.good;
        }
    }
    return verdict;
}

nlohmann::ordered_json as_json(const Verdict& verdict) {
    auto bad = nlohmann::ordered_json::array();
    for (const auto& [file, reason] : verdict.bad)
        bad.push_back({{"id", file.item.id.value},
                       {"filename", file.item.filename},
                       {"path", file.copy.path.string()},
                       {"code", reason.code},
                       {"text", reason.text}});
    return {{"archived", verdict.archived}, {"read", verdict.read}, {"bytes", verdict.bytes.count}, {"good", verdict.good}, {"bad", bad}};
}

int verify(const Words& words, const Options& options, const config::Settings& settings) {
    const int percent = share_of(words);
    catch_stop_signals();
    auto db = open_house(settings);
    try {
        const auto verdict = read_back(db, settings, percent);
        if (options.json) {
            std::cout << as_json(verdict).dump(2) << "\n";
        } else {
            std::cout << "read " << verdict.read << " of " << verdict.archived << " archived files (" << to_text(verdict.bytes)
                      << "), past the cache: " << verdict.good << " as archived, " << verdict.bad.size() << " not\n";
        }
        return verdict.bad.empty() ? 0 : kItemsFailed;
    } catch (const Interrupted&) {
        return 128 + stop_signal();
    }
}

}  // namespace

int archive_command(const Options& options, const config::Settings& settings) {
    if (options.words.empty()) throw UsageError{"usage.archive", "archive what? init or verify"};
    const auto& verb = options.words.front();
    const Words rest{options.words.begin() + 1, options.words.end()};
    if (verb != "init" && verb != "reindex" && verb != "verify")
        throw UsageError{"usage.archive", verb == "restore" ? "archive restore comes with a later release"
                                                            : "no archive " + verb + "; there is init, reindex and verify"};
    if (!settings.archive.enabled)
        throw ConfigError{"archive.off", "archive.enabled is false in " + settings.file.string() + ": this house has no archive"};
    if (verb == "reindex") return reindex_command(rest, options, settings);
    return verb == "init" ? init(rest, options, settings) : verify(rest, options, settings);
}

}  // namespace mediaferry::daemon
