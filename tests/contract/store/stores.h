#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Every kind of store, each with a window to the disk behind it. A new kind is added here and has to pass the whole suite.

#include <catch2/catch.hpp>

#include <memory>
#include <string>

#include "common/errors/errors.h"
#include "common/files/store.h"
#include "common/smb/share.h"
#include "tests/support/samba.h"
#include "tests/support/temp_dir.h"

namespace mediaferry::test {

/// One server for the whole program; tests that do something to it start their own.
inline Samba& shared_samba() {
    static Samba samba;
    return samba;
}

inline smb::Login login_of(const Samba& samba) { return {samba.user(), Samba::password(), "", ShareEncryption::wanted}; }

inline std::unique_ptr<smb::Share> open_share(const Samba& samba, const std::string& path = "") {
    return smb::Share::open(*share_address(samba.url(path)), login_of(samba));
}

class AnyStore {
public:
    AnyStore() {
        kind = GENERATE(as<std::string>{}, "folder", "share");
        INFO(kind);
        if (kind == "folder") {
            disk = dir_.path();
            store_ = std::make_unique<files::Folder>(files::Folder::open(disk));
        } else {
            const auto name = "store-" + std::to_string(++number());
            disk = shared_samba().disk() / name;
            fs::create_directories(disk);
            store_ = open_share(shared_samba(), name);
        }
    }
    const files::Store& operator*() const { return *store_; }
    const files::Store* operator->() const { return store_.get(); }

    std::string kind;
    fs::path disk;  ///< where its files really lie

private:
    static int& number() {
        static int last = 0;
        return last;
    }
    TempDir dir_;
    std::unique_ptr<files::Store> store_;
};

/// An open file with this content, at home.
class AtHome {
public:
    explicit AtHome(const std::string& content) {
        write(dir_ / "file", content);
        file_ = files::Tree::open(dir_.path()).open_read("file");
    }
    int fd() const { return file_.get(); }

private:
    TempDir dir_;
    files::Descriptor file_;
};

/// Of a whole content, as a copy is told: without Apple's checksum.
inline files::Digests digests_of(const std::string& content) {
    auto digests = files::digest_bytes(content);
    digests.apple_checksum.clear();
    return digests;
}

template <class Work>
std::string code_of_error(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return "";
}

}  // namespace mediaferry::test
