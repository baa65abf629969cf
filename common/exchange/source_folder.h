#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A folder that Syncthing fills from another house: what lies in it, and what of it is complete. It is only ever read.

#include <map>
#include <string>
#include <vector>

#include "common/exchange/exchange.h"
#include "common/syncthing/client.h"

namespace mediaferry::exchange {

struct Brought {
    std::string path;  ///< below the folder
    Bytes size;
    syncthing::Moment modified;
    std::int64_t modified_ns() const { return modified.seconds.time_since_epoch().count() * 1'000'000'000 + modified.nanoseconds; }
};

class SourceFolder {
public:
    /// Throws NeedsPerson (exchange.no_folder, .folder_type) or Unavailable (exchange.folder_paused, .folder_error, file.missing).
    static SourceFolder open(syncthing::Client&, const std::string& id);

    const std::string& id() const { return id_; }
    const files::Tree& tree() const { return tree_; }
    /// Every regular file but Syncthing's own, hidden and unfinished ones; over no symbolic link.
    std::vector<Brought> files() const;
    /// Syncthing has all of it, in the version that everybody agrees on, and it lies there unchanged.
    bool is_complete(syncthing::Client&, const Brought&) const;

private:
    SourceFolder(std::string id, files::Tree tree) : id_(std::move(id)), tree_(std::move(tree)) {}
    void look(const fs::path& below, std::vector<Brought>& found) const;
    std::string id_;
    files::Tree tree_;
};

/// Pure: whether Syncthing's answer says so of the file as it lies on disk.
bool complete(const syncthing::FileAnswer&, const Brought&);

}  // namespace mediaferry::exchange
