#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Everything below one directory, file by file, in the order of whole paths as bytes: what a sorted merge with an index needs. One
// directory a level is held in memory, and each is reached through its parent's descriptor: never over a symbolic link or another mount.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/files/files.h"
#include "common/types/fs.h"

namespace mediaferry::files {

struct Found {
    enum class Kind {
        file,
        strange,     ///< a symbolic link, pipe, socket or device
        unreadable,  ///< a directory that cannot be listed (or another mount), or a file that cannot be looked at; `why`
    };
    Kind kind = Kind::file;
    std::string_view path;  ///< relative, valid until next()
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
    int why = 0;  ///< errno
};

class Walk {
public:
    /// True: this name, and all below it, is passed over. `path` is relative to the root.
    using Skip = std::function<bool(std::string_view path, std::string_view name, bool directory)>;

    explicit Walk(const Tree&, Skip = {});
    ~Walk();
    Walk(const Walk&) = delete;
    Walk& operator=(const Walk&) = delete;

    /// Nullptr: no more. Throws what Tree throws when the root itself cannot be read.
    const Found* next();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::files
