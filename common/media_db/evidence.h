#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Evidence of copies (table copy) and the hash-chained log of everything that happened (table event).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

class Evidence {
public:
    explicit Evidence(MediaDb& db) : db_(db) {}

    CopyId add(const Copy&);
    /// Newest copy of that file at that place which has not been removed.
    std::optional<Copy> current(MediaId, Place) const;
    std::vector<Copy> of(MediaId) const;  ///< all, removed ones too, oldest first
    /// Proof level, times and receipt of an existing copy.
    void proven(CopyId, std::string_view proof, Timestamp proven, Timestamp checked, const std::string& receipt_json);
    void checked(CopyId, Timestamp);
    void removed(CopyId, Timestamp);

    // -- the phone --
    bool pixel_name_used(const fs::path&) const;  ///< case-insensitively, ever
    /// Copies on their way to or on the phone (not removed) whose proof is one of `proofs`, oldest first, page by page: those
    /// added after `after`.
    std::vector<Copy> pixel_copies(const std::vector<std::string>& proofs, std::size_t limit, CopyId after = {}) const;
    std::optional<Copy> pixel_copy_named(const fs::path&) const;  ///< not removed
    struct Load {
        std::int64_t files = 0;
        Bytes bytes;
    };
    /// Staged and not yet proven delivered.
    Load pixel_undelivered() const;

    // -- the NAS --
    /// Not removed, in whatever case of its letters: to a Samba server that is one file.
    std::vector<Copy> at_path(Place, const fs::path&) const;
    /// Copies on the NAS (not removed) of this content, whichever photo they were archived for.
    std::vector<Copy> nas_copies_of(const Sha256&) const;
    /// Copies on the NAS (not removed) of that proof which were first proven at `proven_before` or earlier, oldest first.
    std::vector<Copy> nas_copies(std::string_view proof, Timestamp proven_before, std::size_t limit) const;

private:
    MediaDb& db_;
};

/// What happened. `detail` is a JSON object: what a person asking `mediaferry history` wants to know, no secrets.
struct Event {
    std::int64_t id = 0;
    Timestamp at;
    std::optional<MediaId> media;
    std::optional<AssetId> asset;
    std::optional<RunId> run;
    std::string stage, what, detail = "{}";
};

class Events {
public:
    explicit Events(MediaDb& db) : db_(db) {}
    /// Appends; inside the caller's Transaction if there is one.
    void add(const Event&);
    std::vector<Event> of(MediaId) const;  ///< and of its asset, oldest first
    /// First event whose hash does not follow from its predecessor; nullopt: the chain is whole.
    std::optional<std::int64_t> broken_at() const;
    std::int64_t count() const;

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
