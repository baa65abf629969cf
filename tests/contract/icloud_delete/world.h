#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A house whose photos are filed in the loopback's album and proven in a real archive.

#include "tests/support/icloud_house.h"

namespace mediaferry::test {

class DeletingHouse : public IcloudHouse {
public:
    DeletingHouse();  ///< require: [nas], approval: automatic, 100 % of the library a run

    /// A photo that may be deleted: at home, in the archive (read back two days ago), filed, its original in delete_pending/, its placeholder in
    /// incoming/.
    Photo deletable(const std::string& key, const Contents& = {});
    /// Writes the file into the archive and its evidence, as nas_archive does.
    void archived(MediaId);
    /// Files it as icloud_mark does, on both sides.
    void filed(const Photo&);
    /// The phone has freed it after a proven delivery: the permanent receipt.
    void freed(const Photo&);
    fs::path nas_file(MediaId id) { return nas() / copy(id, Place::nas).value().path; }
    fs::path placeholder(const Photo& photo) const { return folder("incoming") / (photo.key + "_A.JPG"); }

    /// Nothing of it is gone: neither in iCloud nor at home.
    bool untouched(const Photo&);
    bool completed(const Photo&);

    std::optional<media_db::Plan> plan(std::string_view status) { return media_db::Plans(db()).open_plan(status); }
    void approve();
};

}  // namespace mediaferry::test
