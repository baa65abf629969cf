#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What iCloud lists, what has arrived, and the files themselves: tables asset, resource, media, placeholder, set_aside.

#include <optional>
#include <string>
#include <vector>

#include "common/media_db/media_db.h"
#include "common/media_db/rows.h"

namespace mediaferry::media_db {

class Catalogue {
public:
    explicit Catalogue(MediaDb& db) : db_(db) {}

    // -- census --
    struct CensusResult {
        std::int64_t assets = 0, new_assets = 0, new_resources = 0, changed = 0;
    };
    /// Upserts one page of a census (one transaction). A changed checksum makes a new resource row and unlists the old one.
    CensusResult see(const std::string& account, const std::string& library, const std::vector<ListedAsset>&, Timestamp census);
    /// After a census that iCloud's own count confirmed: unlists assets not seen since it began. Returns every unlisted one that is neither deleted
    /// nor gone, those of earlier censuses too: a run may have died, or iCloud been silent, before they were asked about.
    std::vector<Asset> finish_census(const std::string& account, const std::string& library, Timestamp census);
    /// Listed assets that a census which began at `census` has not seen (yet), oldest record first. Changes nothing.
    std::vector<Asset> unseen(const std::string& account, const std::string& library, Timestamp census, std::size_t limit) const;
    /// iCloud itself says that an unlisted asset is deleted (and it was not us), or is back.
    void mark_gone(AssetId, Timestamp);
    void mark_listed(AssetId);
    std::int64_t listed_assets() const;

    // -- assets and resources --
    std::optional<Asset> asset(AssetId) const;
    std::optional<Asset> asset_named(const std::string& account, const std::string& library, const std::string& record_name) const;
    std::vector<Resource> resources(AssetId, bool only_listed = true) const;
    /// Listed resources with this checksum, those still missing first.
    std::vector<Resource> resources_with(const std::string& apple_checksum) const;
    /// Listed resources without a file, due now, newest asset first.
    std::vector<Resource> missing_resources(Timestamp now, std::size_t limit) const;
    std::int64_t missing_count() const;
    std::optional<Timestamp> next_missing_due() const;
    /// Not fetched: tried again from `not_before` on, or (attention) when a person releases it.
    void resource_failed(ResourceId, const Reason&, Timestamp not_before, bool attention);

    // -- files --
    /// Adds a file: its media row, one step row per stage of the house (icloud_download done), the resource taken, the local copy, the event.
    /// One transaction. If the resource already has a file, returns that one and changes nothing.
    MediaId take_in(const NewMedia&, Timestamp now, std::optional<RunId>);
    std::optional<MediaItem> item(MediaId) const;
    std::vector<MediaItem> items_of(AssetId) const;
    /// Files in the order of their numbers, a page at a time: those after `after`.
    std::vector<MediaItem> items_after(MediaId after, std::size_t limit) const;
    MediaId last_item() const;  ///< the highest number given out; 0: none
    std::optional<MediaItem> item_with_content(const Sha256&) const;
    /// By id ("17"), file name, local path, or iCloud record name.
    std::vector<MediaItem> find(const std::string& what) const;
    void set_local_path(MediaId, const std::optional<fs::path>&, Timestamp now);
    /// The small copy: sizes, last_compressed, compression_metadata, and when the item ages into its next tier.
    void set_compressed(MediaId, Bytes current_size, const std::string& metadata_json, std::optional<Timestamp> next_tier, Timestamp now);
    /// The small copy stays as it is; what is known of it changes, and when it is looked at again.
    void set_compression_record(MediaId, const std::string& metadata_json, std::optional<Timestamp> next_tier, Timestamp now);
    /// compress is done but the item has aged: its compress step is opened again. Returns how many.
    std::int64_t reopen_aged(Timestamp now);
    void set_flags(MediaId, std::optional<bool> synced_google, std::optional<bool> synced_nas, std::optional<bool> album_moved,
                   std::optional<bool> deleted_icloud, Timestamp now);

    // -- the album and deletion --
    void set_filed(AssetId, const std::string& change_tag, Timestamp);
    void set_vetoed(AssetId, Timestamp);
    void clear_veto(AssetId);  ///< only a person can want this: filing again does not do it
    void clear_filed(AssetId);
    void set_deleted(AssetId, Timestamp);
    void set_hold(AssetId, const std::optional<Reason>&);
    /// Filed in the album and not deleted, oldest first.
    std::vector<Asset> filed_assets() const;

    // -- incoming/ --
    void add_placeholder(const fs::path& relative, std::optional<MediaId>, Bytes size, Timestamp now);
    void remove_placeholder(const fs::path& relative);
    bool is_placeholder(const fs::path& relative) const;
    std::vector<fs::path> placeholders_of(MediaId) const;
    /// Of every file whose photo is still in iCloud and whose row names an original at home: its placeholder, and absent where it has none.
    struct PlaceholderDue {
        MediaId media;
        fs::path original;             ///< absolute
        std::optional<fs::path> path;  ///< relative to incoming
    };
    std::vector<PlaceholderDue> placeholders_due() const;
    std::vector<MediaItem> deleted_with_original() const;    ///< deleted in iCloud, and the row still names an original at home
    std::vector<fs::path> placeholders_of_the_gone() const;  ///< of photos that are deleted in iCloud or gone from it
    std::optional<MediaId> placeholder_owner(const fs::path& relative) const;  ///< the file it stands for, if that is known
    /// `now_at` is free or holds this very file: an earlier row of that place is over.
    void add_set_aside(const fs::path& found, const fs::path& now_at, Bytes size, const std::string& sha256, const Reason&, Timestamp now);
    struct SetAside {
        std::int64_t id = 0;
        fs::path found, path;
        Bytes size;
        Reason reason;
        Timestamp at;
    };
    std::vector<SetAside> set_aside(bool only_present = true) const;
    void set_aside_removed(std::int64_t id, Timestamp now);

private:
    MediaDb& db_;
};

}  // namespace mediaferry::media_db
