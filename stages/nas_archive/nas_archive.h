#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 4: copies each original to the NAS and proves the copy (I2, I4); later reads the copies a second time.

#include <optional>

#include "common/archive/archive.h"
#include "common/archive/layout.h"
#include "common/archive_index/keeper.h"
#include "common/stage/stage.h"

namespace mediaferry::stages {

class NasArchive final : public stage::Stage {
public:
    explicit NasArchive(const config::Settings&) {}

    stage::Outcome begin(stage::Run&) override;
    stage::Outcome process(const stage::MediaItem&, stage::Run&) override;
    /// The second reading of what has settled, a bounded number a run.
    bool after_items(stage::Run&) override;
    std::optional<std::string> rehearse(const stage::MediaItem&, stage::Run&) override;

private:
    /// What this and other runs archived, or learned of archived photos, into the archive's own books.
    void keep_books(stage::Run&);
    std::optional<archive::Layout> layout_;
    std::optional<archive::Archive> archive_;
    std::optional<archive_index::Pace> pace_;
};

}  // namespace mediaferry::stages
