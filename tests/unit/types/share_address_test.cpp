// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/types/share_address.h"

using namespace mediaferry;

TEST_CASE("an address of a share names server, port, share and the folder on it", "[types]") {
    CHECK(share_address("smb://nas/photos") == ShareAddress{"nas", 445, "photos", ""});
    CHECK(share_address("smb://nas.local:1445/photos/") == ShareAddress{"nas.local", 1445, "photos", ""});
    CHECK(share_address("smb://10.0.0.2/Meine Fotos/von iCloud/a%20b") == ShareAddress{"10.0.0.2", 445, "Meine Fotos", "von iCloud/a%20b"});
}

TEST_CASE("what could mean something else is no address", "[types]") {
    for (const char* text :
         {"/mnt/nas", "smb:/nas/photos", "smb://nas", "smb://nas/", "smb:///photos", "smb://me@nas/photos", "smb://me:secret@nas/photos",
          "smb://nas:0/photos", "smb://nas:70000/photos", "smb://nas:x/photos", "smb://nas/photos/../other", "smb://nas/./photos",
          "smb://nas/photos//x", "smb://nas/pho?tos", "smb://nas/a\\b", "SMB://nas/photos", ""}) {
        CAPTURE(text);
        CHECK_FALSE(share_address(text));
    }
    CHECK(is_share("smb://nas"));
    CHECK_FALSE(is_share("/mnt/smb://nas"));
}
