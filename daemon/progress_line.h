#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The one line that moves while a stage works. Pure: what is seen in, text out.

#include <chrono>
#include <optional>
#include <string>

#include "common/types/bytes.h"

namespace mediaferry::daemon {

struct ProgressView {
    int number = 0, of = 0;  ///< stage n of how many
    std::string stage;
    std::int64_t handled = 0;  ///< done, waiting and failed files
    std::int64_t total = 0;    ///< 0: not known
    Bytes bytes;
    std::chrono::milliseconds elapsed{0};
    std::string activity;
};

struct LineStyle {
    std::size_t width = 80;  ///< columns of the terminal
    bool colour = false;
    bool utf8 = true;
};

/// "3/9 pixel_verify ████░░░░ 12/40  34.1 MiB  5.2 MiB/s  1m 20s left  waiting for …", never wider than the terminal.
std::string progress_line(const ProgressView&, const LineStyle&);

/// From the files handled so far; nullopt before the first, and when the total is not known.
std::optional<std::chrono::seconds> time_left(const ProgressView&);

}  // namespace mediaferry::daemon
