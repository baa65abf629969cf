#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A house whose NAS folder is an archive, with eyes on what lies in it.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/archive/naming.h"
#include "tests/support/house.h"

namespace mediaferry::test {

class ArchivedHouse : public House {
public:
    ArchivedHouse() { archive::Archive::initialise(settings.archive, clock.now()); }

    /// Photos in the archive, relative; without the marker and the archive's own books.
    std::vector<std::string> files() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(nas()))
            if (fs::is_regular_file(entry.path()) && entry.path().filename() != archive::kMarkerName && !is_book(entry.path()))
                found.push_back(entry.path().lexically_relative(nas()).string());
        std::sort(found.begin(), found.end());
        return found;
    }
    static bool is_book(const fs::path& path) {
        const auto name = path.filename().string();
        return name == "SHA256SUMS" || name == "mediaferry.json" || name.ends_with(".xmp") || path.parent_path().filename() == ".mediaferry";
    }
    /// Every entry of the archive with its size and times.
    std::vector<std::string> tree() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(nas()))
            found.push_back(entry.path().string() + " " + std::to_string(fs::last_write_time(entry.path())) +
                            (fs::is_regular_file(entry.path()) ? " " + std::to_string(fs::file_size(entry.path())) : ""));
        std::sort(found.begin(), found.end());
        return found;
    }
    bool folded_names_differ() const {
        std::set<std::string> folded;
        for (const auto& name : files())
            if (!folded.insert(archive::folded(name)).second) return false;
        return true;
    }
    bool told_of(MediaId id, const std::string& what) {
        for (const auto& event : media_db::Events(db()).of(id))
            if (event.what == what) return true;
        return false;
    }

    /// Lets something happen in the world just before the n-th item of run_watched() is processed.
    void before_item(int number, std::function<void()> what) {
        number_ = number;
        what_ = std::move(what);
    }
    stage::WorkResult run_watched() {
        int item = 0;
        stage::WorkOptions options;
        options.arm_deadline = [&](std::chrono::seconds deadline) {
            if (deadline.count() > 0 && ++item == number_) what_();
        };
        return run("nas_archive", options);
    }

private:
    int number_ = 0;
    std::function<void()> what_;
};

}  // namespace mediaferry::test
