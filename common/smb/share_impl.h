#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a Share is made of. Private to this folder.

#include "common/smb/session.h"

namespace mediaferry::smb {

struct Share::Impl {
    ShareAddress address;
    fs::path root;
    Session session;
    mutable std::optional<bool> may_write;  ///< tried once

    Impl(const ShareAddress& where, fs::path shown, const Login& login) : address(where), root(std::move(shown)), session(where, login) {}

    /// Throws what fits errno, of a name that the caller's call was about.
    [[noreturn]] void fail(const std::string& doing, const fs::path& name, int why) const;
    /// `name`, if it is one that stays in the tree and that a share can hold. Throws file.refused, file.name.
    const fs::path& named(const fs::path& name) const;
    std::string shown(const fs::path& name) const { return (root / name).string(); }

    Session::File open_read(const fs::path& name) const;
    /// The bytes of an open file, piece by piece.
    files::Source bytes_of(const Session::File&, const fs::path& name) const;
    files::Digests digest(const fs::path& name, const std::function<bool()>& stop) const;
    /// A new file with these bytes; on any failure it is removed.
    files::Digests write(const files::Source&, const fs::path& name, std::optional<Timestamp> modified, const std::function<bool()>& stop,
                         const std::function<void(Bytes)>& moved) const;
    void remove(const fs::path& name) const;

    /// The mark at `name` goes, and nothing but the mark. False: something else lies there (again).
    bool remove_mark(const Share&, const fs::path& name, const std::string& text) const;
};

constexpr std::size_t kBlock = 1 << 20;

}  // namespace mediaferry::smb
