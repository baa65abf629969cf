#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 5: moves the proven original from backup/ to compress/.

#include "common/stage/stage.h"

namespace mediaferry::stages {

class Processing final : public stage::Stage {
public:
    explicit Processing(const config::Settings&) {}

    /// May be done twice: a file that a run moved before it died is found by its content.
    stage::Outcome process(const stage::MediaItem&, stage::Run&) override;
    std::optional<std::string> rehearse(const stage::MediaItem&, stage::Run&) override;
};

}  // namespace mediaferry::stages
