// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/progress_line.h"

#include <algorithm>
#include <cmath>

#include "common/types/timestamp.h"
#include "daemon/table.h"

namespace mediaferry::daemon {

namespace {

constexpr std::size_t kBar = 20;

std::string bar(const ProgressView& view, bool utf8) {
    const double share = view.total > 0 ? std::clamp(static_cast<double>(view.handled) / static_cast<double>(view.total), 0.0, 1.0) : 0.0;
    const auto full = static_cast<std::size_t>(std::lround(share * kBar));
    std::string text;
    for (std::size_t i = 0; i < kBar; ++i) text += i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : "-");
    return text;
}

}  // namespace

std::optional<std::chrono::seconds> time_left(const ProgressView& view) {
    if (view.handled <= 0 || view.total <= 0) return std::nullopt;
    const auto missing = std::max<std::int64_t>(0, view.total - view.handled);
    return std::chrono::duration_cast<std::chrono::seconds>(view.elapsed * missing / view.handled);
}

std::string progress_line(const ProgressView& view, const LineStyle& style) {
    const std::string head = std::to_string(view.number) + "/" + std::to_string(view.of) + " " + view.stage;
    std::string tail =
        " " + bar(view, style.utf8) + " " + std::to_string(view.handled) + "/" + (view.total > 0 ? std::to_string(view.total) : "?") + " files";
    if (view.bytes.count > 0) {
        tail += "  " + to_text(view.bytes);
        if (view.elapsed >= std::chrono::seconds{1})
            tail += "  " + to_text(Bytes{view.bytes.count * 1000 / static_cast<std::uint64_t>(view.elapsed.count())}) + "/s";
    }
    if (const auto left = time_left(view); left && left->count() > 0) tail += "  " + to_text(std::chrono::milliseconds{*left}) + " left";
    if (!view.activity.empty()) tail += "  " + view.activity;
    const std::size_t room = style.width > 1 ? style.width - 1 : 1;  // a full last column makes some terminals wrap
    std::string plain = cut(head + tail, room);
    if (!style.colour || shown_width(head) >= room) return plain;
    return "\x1b[1m" + plain.substr(0, head.size()) + "\x1b[0m" + plain.substr(head.size());
}

}  // namespace mediaferry::daemon
