#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A NAS folder with its marker, and originals at home.

#include <functional>
#include <string>
#include <vector>

#include "common/archive/archive.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "tests/support/temp_dir.h"

namespace mediaferry::archive {

inline const Timestamp kTaken = *from_iso("2024-06-01T10:00:00Z");

struct World {
    World() {
        fs::create_directories(nas);
        Archive::initialise(settings(), kTaken);
    }
    config::Archive settings() const {
        config::Archive archive;
        archive.root = nas;
        return archive;
    }
    Archive open(Writer writer = {"test", {}}) const { return Archive::open(settings(), std::nullopt, std::move(writer)); }

    /// Holds the original open as long as it is needed.
    struct Original {
        files::Descriptor file;
        Incoming incoming;
    };
    Original original(const std::string& wanted, const std::string& content) {
        const auto name = "original-" + std::to_string(++originals);
        test::write(dir / name, content);
        Original one{files::Tree::open(dir.path()).open_read(name), {}};
        const auto digests = files::digest_bytes(content);
        one.incoming.source = one.file.get();
        one.incoming.wanted = wanted;
        one.incoming.sha256 = digests.sha256;
        one.incoming.size = digests.size;
        one.incoming.modified = kTaken;
        return one;
    }
    std::vector<std::string> names(const std::string& directory = "2024/06") const { return files::Tree::open(nas / directory).list(""); }

    test::TempDir dir;
    fs::path nas = dir / "nas";
    int originals = 0;
};

inline std::string code_thrown(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.code();
    }
    return "";
}

}  // namespace mediaferry::archive
