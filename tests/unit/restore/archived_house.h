#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A house whose files lie on the NAS as nas_archive leaves them.

#include <optional>

#include "common/archive/archive.h"
#include "common/archive/receipt.h"
#include "common/media_db/evidence.h"
#include "common/media_db/runs.h"
#include "common/restore/scrub.h"
#include "tests/support/house.h"

namespace mediaferry::test {

class ArchivedHouse : public House {
public:
    ArchivedHouse() {
        settings.icloud.enabled = false;
        archive::Archive::initialise(settings.archive, clock.now());
        archive.emplace(archive::Archive::open(settings.archive, std::nullopt));
    }

    std::optional<archive::Archive> archive;

    /// On the NAS, read back, its step done.
    MediaId archived(const std::string& name, const Sample& sample = {}) {
        const auto id = downloaded(name, sample);
        store(id);
        return id;
    }
    void store(MediaId id) {
        const auto row = item(id);
        const auto source = files::Tree::open(row.local_path->parent_path()).open_read(row.local_path->filename());
        archive::Incoming file{source.get(), fs::path("2024") / "06" / row.filename, row.sha256, row.size, row.taken, {}};
        const auto stored = archive->store(file);
        media_db::Copy copy;
        copy.media = id;
        copy.place = Place::nas;
        copy.path = stored.path;
        copy.sha256 = row.sha256;
        copy.size = row.size;
        copy.proof = "read_back";
        copy.written = clock.now();
        copy.proven = copy.checked = clock.now();
        copy.receipt = archive::first_receipt(*archive, stored, clock.now());
        media_db::Evidence(db()).add(copy);
        media_db::Catalogue(db()).set_flags(id, std::nullopt, true, std::nullopt, std::nullopt, clock.now());
        done_up_to(id, "nas_archive");
    }
    /// The original at home is let go, as after a deletion.
    void release(MediaId id) {
        fs::remove(*item(id).local_path);
        media_db::Catalogue(db()).set_local_path(id, std::nullopt, clock.now());
    }

    fs::path on_nas(MediaId id) { return nas() / copy(id, Place::nas).value().path; }
    /// One bit, the time kept: what a disk does.
    static void rot(const fs::path& file) {
        auto bytes = read(file);
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
        const auto time = fs::last_write_time(file);
        write(file, bytes);
        fs::last_write_time(file, time);
    }

    restore::Scrub scrub(bool heal = true, int percent = 100, std::optional<std::chrono::seconds> older_than = {}) {
        archive.emplace(archive::Archive::open(settings.archive, archive->marker().uuid));  // each call is a program of its own
        restore::Sources sources{db(), settings, clock, &*archive, dir / "scratch", {}};
        const auto run = media_db::Runs(db()).begin("nas_archive", 0, ::getpid(), std::nullopt, clock.now());
        restore::Healer healer{db(), settings, clock, *archive, sources, run, {}};
        restore::ScrubWanted wanted;
        wanted.percent = percent;
        wanted.older_than = older_than;
        if (heal) wanted.healer = [&]() -> restore::Healer& { return healer; };
        auto result = restore::scrub(db(), settings, clock, *archive, wanted);
        media_db::Runs(db()).end(run, 0, std::nullopt, clock.now());
        return result;
    }

    bool told(MediaId id, std::string_view what) {
        for (const auto& event : media_db::Events(db()).of(id))
            if (event.what == what) return true;
        return false;
    }
    /// Every regular file below `folder`, relative to it.
    static std::vector<std::string> below(const fs::path& folder) {
        std::vector<std::string> names;
        if (fs::exists(folder))
            for (const auto& entry : fs::recursive_directory_iterator(folder))
                if (fs::is_regular_file(entry.symlink_status())) names.push_back(entry.path().lexically_relative(folder).string());
        std::sort(names.begin(), names.end());
        return names;
    }
};

}  // namespace mediaferry::test
