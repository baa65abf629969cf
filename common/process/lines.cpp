// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/process/lines.h"

namespace mediaferry::process {

void Lines::add(std::string_view bytes, const Take& take) {
    while (!bytes.empty()) {
        const auto newline = bytes.find('\n');
        keep(bytes.substr(0, newline));
        if (newline == std::string_view::npos) return;
        give(take);
        bytes.remove_prefix(newline + 1);
    }
}

void Lines::finish(const Take& take) {
    if (begun_) give(take);
}

void Lines::keep(std::string_view piece) {
    begun_ = true;
    line_ += piece.substr(0, kLongest - line_.size());
}

void Lines::give(const Take& take) {
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    take(line_);
    line_.clear();
    begun_ = false;
}

}  // namespace mediaferry::process
