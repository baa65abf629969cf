#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What the archive's own books (index, checksums, capsules) tell of a photo, when they have to be written again, and media.db made again from
// them. Tables book_due, album, album_asset and columns of their own in asset.

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

/// The fact (Facts) when the albums of this house's iCloud were last listed, as ISO time.
inline constexpr std::string_view kAlbumsRead = "albums.read";

class Books {
public:
    explicit Books(MediaDb& db) : db_(db) {}

    struct Due {
        std::int64_t id = 0;
        MediaId media;
    };
    /// Files whose books are out of date, oldest change first. done() forgets exactly these: a change made meanwhile is due again.
    std::vector<Due> due(std::size_t limit) const;
    void done(const std::vector<Due>&);
    /// Every file with a copy on the NAS is due: a scan wants all books true.
    void all_due();
    /// Those that lie directly in this folder of it.
    void due_in(std::string_view folder);

    struct Archived {
        MediaItem item;
        Copy copy;
    };
    /// Files with a copy on the NAS (not removed) that lies directly in this folder, by path.
    std::vector<Archived> archived_in(std::string_view folder) const;

    struct Words {
        std::string title, caption;
        std::vector<std::string> albums;  ///< of this house's iCloud, by name
    };
    Words words_of(AssetId) const;
    /// Members of one album of this house's iCloud as a listing saw them; if it was complete, those that left it are taken out.
    void set_album(const std::string& account, const std::string& library, const std::string& name, const std::vector<std::string>& record_names,
                   bool complete = true);
    /// Albums of this house's iCloud that are not among `names` are forgotten.
    void keep_albums(const std::vector<std::string>& names);
    void set_words(AssetId, const Words&);

    /// For a file that was taken in from the archive: these steps are done, what waited for them opens.
    void steps_done(MediaId, const std::set<std::string>& stages, Timestamp now);
    /// No file, no asset, no run: nothing that a rebuild could overwrite.
    bool is_empty() const;

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
