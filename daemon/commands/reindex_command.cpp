// SPDX-License-Identifier: GPL-3.0-or-later
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/archive/known.h"
#include "common/archive_index/books.h"
#include "common/archive_index/keeper.h"
#include "common/archive_index/reindex.h"
#include "common/clock/clock.h"
#include "common/errors/errors.h"
#include "common/media_db/books.h"
#include "daemon/commands/compare_sides.h"
#include "daemon/commands/reindex_command.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/progress_line.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

using archive_index::Scanned;
using Steady = std::chrono::steady_clock;

/// A bar on a terminal; elsewhere a line now and then.
class Bar {
public:
    void show(const Scanned& scanned, std::int64_t expected) {
        const auto now = Steady::now();
        if (now - shown_ < (terminal_ ? std::chrono::milliseconds{200} : std::chrono::milliseconds{30'000})) return;
        shown_ = now;
        const ProgressView view{
            1, 1, "reindex", scanned.files, expected, scanned.bytes, std::chrono::duration_cast<std::chrono::milliseconds>(now - began_), ""};
        if (!terminal_) {
            std::cerr << "reindex: " << scanned.files << " files, " << to_text(scanned.bytes) << "\n";
            return;
        }
        std::cerr << "\r\x1b[K" << progress_line(view, {}) << std::flush;
        drawn_ = true;
    }
    ~Bar() {
        if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
    }

private:
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    bool drawn_ = false;
    Steady::time_point began_ = Steady::now(), shown_ = began_;
};

void print(const Scanned& scanned, bool json) {
    if (json) {
        const nlohmann::ordered_json answer{{"files", scanned.files},          {"bytes", scanned.bytes.count}, {"added", scanned.added},
                                            {"changed", scanned.changed},      {"removed", scanned.removed},   {"hashed", scanned.hashed},
                                            {"unreadable", scanned.unreadable}};
        std::cout << answer.dump(2) << "\n";
        return;
    }
    std::cout << scanned.files << " files (" << to_text(scanned.bytes) << ") in the archive: " << scanned.added << " new in the index, "
              << scanned.changed << " changed, " << scanned.removed << " gone, " << scanned.hashed << " read\n";
    if (scanned.unreadable > 0) std::cout << scanned.unreadable << " could not be read; what the index said of files not seen was kept\n";
}

}  // namespace

int reindex_command(const std::vector<std::string>& words, const Options& options, const config::Settings& settings) {
    const bool rehash = words == std::vector<std::string>{"--rehash"};
    if (!rehash && !words.empty()) throw UsageError{"usage.archive", "archive reindex takes --rehash or nothing"};
    catch_stop_signals();
    const auto stop = [] { return stop_signal() != 0; };
    const auto now = SystemClock{}.now();
    auto db = open_house(settings);
    const auto archive = archive::open_known(db, settings.archive, now);
    auto index = archive_index::Index::open_whole(archive_index::index_file(settings.state_directory(), archive));
    try {
        archive_index::refresh(archive, index);
        Scanned scanned;
        {
            Bar bar;
            const auto hashes = rehash ? archive_index::Hashes::all : archive_index::Hashes::keep;
            scanned = archive_index::reindex(archive, db, index, settings.archive.trash, hashes, now, stop,
                                             [&](const Scanned& seen, std::int64_t expected) { bar.show(seen, expected); });
        }
        // What could not be looked at may be anything: until a scan has seen all of it, compare and queue walk the archive themselves.
        if (scanned.unreadable == 0) index.set_note(kScannedNote, to_iso(now));
        media_db::Books(db).all_due();
        archive_index::Keeper keeper{db, archive, index};
        keeper.keep_all(stop);
        print(scanned, options.json);
        return scanned.unreadable > 0 ? kItemsFailed : 0;
    } catch (const Interrupted&) {
        return 128 + stop_signal();
    }
}

}  // namespace mediaferry::daemon
