#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The door for files from another archive: said first where one will lie, then placed, then given its row.

#include <string>

#include "common/exchange/exchange.h"

namespace mediaferry::exchange {

class Intake {
public:
    Intake(const House&, std::string operation);

    /// Finds a free name in backup/ and writes it down, so that a file without a row is explained when we die.
    media_db::SyncFile reserve(const OfferedFile&, Timestamp taken);
    /// Copies `name` of `from` there, hashing what is written; a file with these bytes that a killed run left there is taken as it is. `reserved` may
    /// get another path. Throws BadInput ("exchange.changed") when the bytes are not those of the manifest; nothing is left then.
    files::Digests place(const files::Tree& from, const fs::path& name, const OfferedFile&, Timestamp taken, media_db::SyncFile& reserved);
    /// The rows of a placed file, in the caller's Transaction.
    MediaId take_in(const media_db::SharedPhoto&, const OfferedFile&, const files::Digests&, const media_db::SyncFile&, const std::string& came_from);
    /// Takes a placed file away again: nobody's row names it, and its source is still where it was.
    void withdraw(const media_db::SyncFile&, const std::string& why);

private:
    fs::path free_path(const OfferedFile&, Timestamp taken) const;
    bool left_by_a_killed_run(const fs::path&, const OfferedFile&, files::Digests&) const;

    const House& house_;
    std::string operation_;
    media_db::Exchange books_;
    files::Tree backup_;
};

/// Hashes an open file from its beginning. Throws Interrupted.
files::Digests digest_open(const files::Descriptor&, const std::string& name, const std::function<bool()>& stop);

/// "import-20260115_143022-1a2b3c4d"
std::string new_id(const std::string& kind, Timestamp now);

}  // namespace mediaferry::exchange
