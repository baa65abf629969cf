#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A house and the loopback iCloud it is signed in to, with a scripted stand-in where icloudpd would be.

#include <map>
#include <string>
#include <vector>

#include "tests/support/house.h"
#include "tests/support/loopback_icloud.h"

namespace mediaferry::test {

class IcloudHouse : public House {
public:
    using Contents = std::map<std::string, std::string>;  ///< resource kind -> bytes

    IcloudHouse();
    Loopback apple;

    /// A file that the stand-in "downloads" to this place below incoming/.
    void bring(const fs::path& relative, const std::string& content) { write(dir / "bring" / relative, content); }
    /// The stand-in prints these lines and brings nothing.
    void icloudpd_says(const std::string& lines) { write(dir / "say", lines); }
    /// How often it was started.
    std::size_t icloudpd_starts() const;

    struct Photo {
        std::string key;
        AssetId asset;
        std::vector<MediaId> files;
        MediaId file() const { return files.front(); }
    };
    /// A photo in iCloud all of whose files are at home, with every stage before `stage` done.
    Photo arrived(const std::string& key, std::string_view stage, const Contents& contents = {});
    /// What icloud_download's listing would write now: assets, resources, tags.
    void census();
    /// Takes in the files that were listed since.
    void take_in_new(Photo&, const Contents&, std::string_view stage);
    media_db::Asset row(const Photo& photo) { return *media_db::Catalogue(db()).asset(photo.asset); }
    std::string hold(const Photo& photo) { return row(photo).hold ? row(photo).hold->code : ""; }
    bool happened(const Photo&, const std::string& event);
    /// The stages before `stage` are done for the file.
    void ready_for(MediaId, std::string_view stage);
};

}  // namespace mediaferry::test
