#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts a stream into lines; the rest of a line over 64 KiB is dropped.

#include <functional>
#include <string>
#include <string_view>

namespace mediaferry::process {

class Lines {
public:
    static constexpr std::size_t kLongest = 64 << 10;
    using Take = std::function<void(std::string_view line)>;

    void add(std::string_view bytes, const Take&);
    /// The last line, if it came without a newline.
    void finish(const Take&);

private:
    void keep(std::string_view piece);
    void give(const Take&);

    std::string line_;
    bool begun_ = false;
};

}  // namespace mediaferry::process
