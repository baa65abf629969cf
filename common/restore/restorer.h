#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Brings originals (or small copies) to a folder of one's own: the files of one photo together, under the names and with the times they had.
// Every file is written under a temporary name, fsynced, read back and compared before it gets its name; nothing there is overwritten; what is there
// already with the right content is left, so a second call goes on where the first one ended.

#include <optional>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/config/settings.h"
#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"
#include "common/restore/sources.h"

namespace mediaferry::restore {

struct Wish {
    fs::path to;        ///< absolute
    bool flat = false;  ///< all in one folder; else year/month
    bool small_copies = false;
    bool dry_run = false;
    std::vector<From> from{From::nas, From::local, From::library, From::outbox};  ///< asked in this order
};

struct Restored {
    enum class How {
        written,
        there,   ///< it was there already with this content
        would,   ///< dry run
        failed,  ///< `reason`
    } how = How::failed;
    MediaId id;
    std::string filename;
    fs::path path;     ///< relative to Wish::to
    std::string from;  ///< for a person; "" when nothing was written
    Bytes size;
    std::optional<Reason> reason;
};

/// Throws BadInput ("restore.inside") when `to` is, or lies in, a folder that mediaferry works in: it would be taken for its own.
void refuse_house_folders(const fs::path& to, const config::Settings&);

/// The name each file of one photo gets in `folder`: their own ones, or, where one of them is taken by other content there, all with the same number.
/// Files of one photo that have the same name are told apart by a number too. `is` says what lies under a name.
enum class There { nothing, same, other };
std::vector<std::string> names_together(const std::vector<std::string>& wanted,
                                        const std::function<There(std::size_t file, const std::string& name)>& is);

class Restorer {
public:
    /// `archive` may be nullptr: the NAS is away.
    Restorer(media_db::MediaDb&, const config::Settings&, archive::Archive*, Sources&, Wish, archive::Stop);

    /// The files of one photo (one asset, or a file without one). One that fails keeps no other from coming. Throws Interrupted, and what says that
    /// no further file can be written (file.full, file.read_only).
    std::vector<Restored> photo(const std::vector<media_db::MediaItem>&);

private:
    struct Content {
        media_db::MediaItem item;
        std::string name;
        Sha256 sha256;
        Bytes size;
        std::optional<fs::path> small;  ///< absolute: restored from here alone
    };
    Content content_of(const media_db::MediaItem&) const;
    fs::path folder_of(const std::vector<media_db::MediaItem>&) const;
    There what_is(const Content&, const fs::path& path) const;
    std::string write(const Content&, const fs::path& path);
    std::string fill(const Content&, const files::Tree&, const fs::path& part);

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    archive::Archive* archive_;
    Sources& sources_;
    Wish wish_;
    archive::Stop stop_;
};

}  // namespace mediaferry::restore
