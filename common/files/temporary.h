#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A file that is not complete yet.

#include <exception>
#include <utility>

#include "common/log/log.h"
#include "common/types/fs.h"

namespace mediaferry::files {

/// Removed at the end unless it was given its name; ours from the moment it is written, for before that the name may be another's. `Place`: a Tree
/// or a Store, which lives longer.
template <class Place>
class Temporary {
public:
    Temporary(const Place& place, fs::path name) : place_(place), name_(std::move(name)) {}
    ~Temporary() {
        if (!ours_) return;
        try {
            place_.remove(name_);
        } catch (const std::exception& error) {
            log::warning("temporary file stays behind", {{"PATH", name_.string()}, {"ERROR", error.what()}});
        }
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;

    const fs::path& name() const { return name_; }
    void is_there() { ours_ = true; }
    void given_its_name() { ours_ = false; }

private:
    const Place& place_;
    fs::path name_;
    bool ours_ = false;
};

}  // namespace mediaferry::files
