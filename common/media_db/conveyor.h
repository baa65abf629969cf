#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Who works on what: claims, outcomes, crashes, a person's corrections. Tables need, step; media.status follows from them.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/backoff.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

/// The house as the conveyor needs it: stages in order, what each really waits for (switched-off stages passed over), its status word.
struct HouseRow {
    std::string stage;
    std::vector<std::string> after;
    std::string status;
    bool enabled = true;
};
using House = std::vector<HouseRow>;  ///< only stages with step rows

/// What became of a claimed item. `finished` closes it, `again` waits, `person` waits for one.
struct Verdict {
    enum class Kind { finished, again, person, unchanged } kind = Kind::finished;
    Reason reason;                  ///< finished: may be empty, or say why there was nothing to do
    Timestamp not_before;           ///< for `again`
    bool counts_as_failure = true;  ///< `again` because of a failure (attempts + 1) rather than because something else must happen first
};

struct Claim {
    MediaItem item;
    std::string stage;
    std::int64_t token = 0;
    int attempts = 0;
};

class Conveyor {
public:
    explicit Conveyor(MediaDb& db) : db_(db) {}

    /// Mirrors the house. If what a stage waits for has changed, every step's `open` is computed anew; missing step rows are added.
    void set_house(const House&);

    /// Claims up to `limit` ready files, oldest due first, then newest photo first. Each comes out with a new fencing token.
    std::vector<Claim> claim(std::string_view stage, RunId, Timestamp now, std::size_t limit);
    /// Claims whole assets: every file of an asset whose steps for this stage are all open and none waits; at most `limit` assets. Files without an
    /// asset are a group of their own. Order: newest first.
    std::vector<std::vector<Claim>> claim_assets(std::string_view stage, RunId, Timestamp now, std::size_t limit);
    /// One given item (`--item`), ignoring not_before and attention. nullopt: not open, running elsewhere, or done already.
    std::optional<Claim> claim_item(std::string_view stage, MediaId, RunId, Timestamp now);
    /// Ready files, without claiming: what a dry run shows.
    std::vector<MediaItem> ready(std::string_view stage, Timestamp now, std::size_t limit) const;
    std::int64_t ready_count(std::string_view stage, Timestamp now) const;
    /// When the next pending item of the stage becomes due; nullopt: none is pending and open.
    std::optional<Timestamp> next_due(std::string_view stage) const;

    /// Ends a claim. Must run inside the Transaction that writes its evidence. Opens the stages that waited for it and sets media.status.
    /// Throws TransientError ("step.stale") if the token is no longer ours: nothing may be written then.
    void record(const Claim&, const Verdict&, RunId, Timestamp now);
    /// Puts back to pending whatever `run` still holds (it was interrupted, or has ended).
    void put_back(RunId);
    /// Items held by runs that died: pending again (deaths + 1), or attention after the second death ("crashed" with the signal's name).
    /// `alive` are the runs that still hold their slot; what a run holds that nobody has ended is left alone too, for it may just have begun.
    std::int64_t sweep(std::string_view stage, const std::vector<RunId>& alive, const std::string& how_it_died, Timestamp now);

    std::vector<StepRow> steps(MediaId) const;

    // -- a person's hand --
    struct Waiting {
        MediaItem item;
        StepRow step;
    };
    std::vector<Waiting> attention(std::size_t limit) const;
    /// attention → pending, failures forgotten. False: it was not in attention. Also releases resources in attention of the same asset.
    bool release(MediaId, Timestamp now);
    std::int64_t release_all(Timestamp now);
    /// done → pending for this stage (only). Throws BadInput when the step is not done or the stage unknown.
    /// For icloud_mark it also lifts a veto and forgets the filing: the person wants the photo in the album again.
    void redo(MediaId, std::string_view stage, Timestamp now);
    /// The same by the house itself, for a reason that is told; a veto stays. Nothing when the step is not done.
    void reopen(MediaId, std::string_view stage, const Reason&, RunId, Timestamp now);

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
