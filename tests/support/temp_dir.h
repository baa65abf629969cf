#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A directory of the test's own, gone afterwards. On the disk, not tmpfs: O_DIRECT and reflinks are part of what is tested.

#include <string>
#include <string_view>

#include "common/types/fs.h"

namespace mediaferry::test {

class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    const fs::path& path() const { return path_; }
    fs::path operator/(const fs::path& name) const { return path_ / name; }

private:
    fs::path path_;
};

/// Writes a file, making its directories. Returns its path.
fs::path write(const fs::path&, std::string_view content);
std::string read(const fs::path&);
/// `size` bytes that look random and are the same for the same seed.
std::string noise(std::size_t size, unsigned seed);

}  // namespace mediaferry::test
