// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/guard.h"

#include <algorithm>

#include "common/errors/errors.h"
#include "common/smb/share.h"
#include "common/types/share_address.h"

namespace mediaferry::archive::guard {
namespace {

constexpr const char* kHowToInit = " (for a new archive, with the NAS mounted: `mediaferry archive init`, once)";

Unavailable unmounted(const fs::path& root, const std::string& what) {
    if (is_share(root.string()))
        return Unavailable{"nas.unmounted", what + " " + root.string() +
                                                ": the server answers, but the archive's disk is not there (is it mounted on the NAS?). Nothing is "
                                                "written. Bring the disk back (for a new archive: `mediaferry archive init`, once)"};
    return Unavailable{"nas.unmounted",
                       what + " " + root.string() + ": the NAS is not mounted there. Nothing is written to an unmounted NAS. Mount it" + kHowToInit};
}

Marker present_marker(const files::Store& tree) {
    const auto marker = read_marker(tree);
    if (!marker) throw unmounted(tree.root(), std::string("no marker ") + kMarkerName + " in");
    return *marker;
}

void same_archive(const files::Store& tree, const Marker& marker, const std::string& expected) {
    if (marker.uuid == expected) return;
    throw NeedsPerson{"nas.other", tree.root().string() + " holds another archive (" + marker.uuid + ") than the one this house writes to (" +
                                       expected + "). Mount the right one, or, if the archive was replaced, run `mediaferry archive init --new`"};
}

/// What must stay free: 1 % of the file system, at most 1 GiB.
std::uint64_t reserve(Bytes total) { return std::min<std::uint64_t>(1ULL << 30, total.count / 100); }
constexpr std::uint64_t kFreeFiles = 16;

}  // namespace

std::unique_ptr<files::Store> open_root(const config::Archive& settings) {
    try {
        if (const auto address = share_address(settings.root.string()))
            return smb::Share::open(*address, {settings.user, settings.password.value, settings.domain, settings.encryption});
        return std::make_unique<files::Folder>(files::Folder::open(settings.root));
    } catch (const Unavailable& error) {
        if (error.code() != "file.missing") throw;
        throw unmounted(settings.root, "no directory");
    }
}

Held hold(const config::Archive& settings, const std::optional<std::string>& expected) {
    auto tree = open_root(settings);
    auto marker = present_marker(*tree);
    if (expected) same_archive(*tree, marker, *expected);
    return {std::move(tree), std::move(marker)};
}

void identity(const files::Store& tree, const Marker& marker) {
    try {
        same_archive(tree, present_marker(tree), marker.uuid);
    } catch (const NeedsPerson& error) {
        throw Unavailable{error.code(), error.what()};  // no single file's fault: in the middle of a run it ends the run
    }
    if (!tree.still_there())
        throw Unavailable{"nas.detached", "something else lies at " + tree.root().string() +
                                              " than when this run began: the NAS was unmounted or replaced meanwhile. "
                                              "Nothing more is written. Mount it again; the next run goes on"};
}

void writable(const files::Store& tree, Bytes room) {
    const auto now = tree.condition();
    const auto where = tree.root().string();
    if (now.read_only) throw Unavailable{"nas.read_only", where + " is read-only. Make it writable (after a disk error: check the NAS first)"};
    if (now.denied) throw Unavailable{"nas.denied", where + " may not be written by the user mediaferry runs as. Give that user write access"};
    const Bytes needed{room.count + reserve(now.total)};
    if (now.free < needed)
        throw Unavailable{"nas.full",
                          where + " is full: " + to_text(now.free) + " free, " + to_text(needed) + " needed with the reserve. Make room on the NAS"};
    if (now.free_files && *now.free_files < kFreeFiles)
        throw Unavailable{"nas.full",
                          where + " has no room for more files: its inodes are used up, whatever the free space. Remove small files there"};
}

}  // namespace mediaferry::archive::guard
