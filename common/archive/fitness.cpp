// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/fitness.h"

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"

namespace mediaferry::archive {
namespace {

// Always the same: who died here left them, and the next takes them away.
constexpr const char* kOne = ".mediaferry-probe-1";
constexpr const char* kOther = ".mediaferry-probe-2";
constexpr const char* kFamily = ".mediaferry-probe-Grüße 写真";

constexpr const char* kInstead =
    " Use a disk with a Linux file system (ext4, XFS, btrfs), NTFS or exFAT by the kernel's own driver, or a NAS over NFS or SMB";

Unavailable unfit(const files::Store& tree, const std::string& why) {
    return Unavailable{"nas.unfit", tree.root().string() + " (file system " + tree.kind() + ") is not fit for an archive: " + why + "." + kInstead};
}

void clear(const files::Store& tree) {
    for (const char* name : {kOne, kOther, kFamily})
        if (tree.status(name)) MF_AROUND("archive.fitness.remove", tree.remove(name));
}

/// True: refused, because the name is taken.
bool keeps_what_is_there(const files::Store& tree) {
    try {
        MF_FAILPOINT("archive.fitness.rename_taken");
        tree.rename_new(kOne, kOther);
        return false;
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        if (error.code() != "file.exists") throw;
        return true;
    }
}

void try_names(const files::Store& tree) {
    MF_AROUND("archive.fitness.create", tree.write_new(kOne, "mediaferry looks whether this disk is fit for an archive\n"));
    try {
        MF_AROUND("archive.fitness.rename", tree.rename_new(kOne, kOther));
    } catch (const Unavailable&) {
        throw;
    } catch (const Error&) {
        std::throw_with_nested(unfit(tree, "it can neither rename a file without overwriting another one nor link it, so no photo there would be safe"));
    }
    MF_AROUND("archive.fitness.create_another", tree.write_new(kOne, "another\n"));
    if (!keeps_what_is_there(tree)) throw unfit(tree, "it renames a file over another one although it is told not to");
    tree.remove(kOne);
}

void try_bytes(const files::Store& tree) {
    const auto reading = MF_AROUND("archive.fitness.read_back", tree.read_back(kOther));
    if (!reading.past_the_cache) throw unfit(tree, "what lies there can only be read from memory, so no copy there can be proven");
}

void try_letters(const files::Store& tree) {
    try {
        tree.rename_new(kOther, kFamily);
    } catch (const Unavailable&) {
        throw;
    } catch (const Error&) {
        std::throw_with_nested(unfit(tree, "it does not take names such as \"Grüße 写真\" (mount it with iocharset=utf8)"));
    }
    if (!tree.status(kFamily)) throw unfit(tree, "it changes names such as \"Grüße 写真\" (mount it with iocharset=utf8)");
}

}  // namespace

void must_be_fit(const files::Store& tree) {
    clear(tree);
    try {
        try_names(tree);
        try_bytes(tree);
        try_letters(tree);
    } catch (const Unavailable& error) {
        if (error.code() == "nas.unfit") clear(tree);
        throw;
    }
    clear(tree);
    tree.sync_directory("");
}

std::vector<Remark> remarks(const files::Store& tree) {
    std::vector<Remark> found;
    const auto kind = tree.kind();
    const auto where = tree.root().string();
    if (!tree.flushes() && kind.starts_with("fuse"))
        found.push_back({where + " goes through FUSE (" + kind +
                             "): nobody knows what its program keeps in memory; a copy counts for a deletion after it was read again, archive.settle "
                             "later",
                         "let the kernel mount the disk or the share itself, if it can"});
    else if (!tree.flushes())
        found.push_back({"over a share nothing can be flushed: a copy counts for a deletion after it was read again, archive.settle later",
                         "on a Samba server write `sync always = yes` for this share; give the NAS a UPS; or mount the share instead"});
    if (kind == "vfat")
        found.push_back({where + " is FAT, which takes no file of 4 GiB or more: a longer video is not archived, and stays in iCloud",
                         "exFAT, NTFS and ext4 take it"});
    return found;
}

}  // namespace mediaferry::archive
