#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The road to the phone: the one Syncthing folder that is our outbox, asked in the order that makes an answer a proof (facts/syncthing.md C.3).

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "common/config/settings.h"
#include "common/syncthing/client.h"
#include "common/syncthing/proof.h"

namespace mediaferry::syncthing {

class Road {
public:
    explicit Road(const config::Settings&);

    /// The folder fits, and its marker is there. Asked at most once a minute. Throws what Client, folder_fit() and status_fit() throw, and
    /// Unavailable
    /// ("pixel.outbox") when the outbox or its marker .stfolder is missing (never made by us: the disk may not be mounted).
    const FolderFit& check();
    /// The phone as it is now; check() first. When it is away, the reason says since when.
    Phone phone();
    /// Has Syncthing look at these outbox files; at everything when they are many or none.
    void scan(const std::vector<std::string>& names);
    /// What Syncthing says of a file; nullopt: not in the index.
    std::optional<FileAnswer> ask(const std::string& name) { return client_.file(folder_, name); }
    /// The outbox file, nullopt: not there (or no regular file).
    std::optional<OnDisk> on_disk(const std::string& name) const;
    /// What the phone changed, made or deleted.
    std::vector<FileEntry> need() { return client_.need(folder_); }

    /// C.3, steps 2 to 7: the phone is asked before and after the file. The outbox must have been scanned. `receipt` describes the staged file; when
    /// it is delivered, `proof` is what to store of it.
    struct Look {
        Verdict verdict;                   ///< not_yet with the phone's reason when the phone is not there
        std::optional<FileAnswer> answer;  ///< for freed()
        std::optional<Delivery> proof;
    };
    Look look(const Receipt& receipt, Timestamp now);

    fs::path outbox() const { return outbox_; }
    const std::string& folder() const { return folder_; }
    const std::string& server_version() const { return client_.server_version(); }

private:
    Client client_;
    std::string folder_, wanted_phone_;
    fs::path outbox_;
    std::optional<FolderFit> fit_;
    std::chrono::steady_clock::time_point checked_{};
};

}  // namespace mediaferry::syncthing
