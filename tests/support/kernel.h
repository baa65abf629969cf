#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Between a test's process and the kernel: what was flushed is seen, and answers that this machine's kernel and disks never give can be heard.
// All else passes as it is. One of each at a time.

#include <functional>

#include "common/types/bytes.h"
#include "common/types/fs.h"

namespace mediaferry::test {

/// What was flushed (fsync, fdatasync) since it began to live.
class Flushes {
public:
    Flushes();
    /// Does `then` at the first flush of this file or folder, before it returns.
    Flushes(const fs::path& of, std::function<void()> then);
    ~Flushes();
    Flushes(const Flushes&) = delete;
    Flushes& operator=(const Flushes&) = delete;
    /// Whether this file or folder was, under whichever name it had then.
    bool of(const fs::path&) const;
    /// Whether it was through a descriptor that may write: a CIFS client ignores fsync on another.
    bool by_writer_of(const fs::path&) const;
};

/// statfs names this kind of file system for every path and file, by its number in linux/magic.h.
class EverythingLiesOn {
public:
    explicit EverythingLiesOn(long magic);
    ~EverythingLiesOn();
    EverythingLiesOn(const EverythingLiesOn&) = delete;
    EverythingLiesOn& operator=(const EverythingLiesOn&) = delete;
};

/// A file system of the kind that can neither rename without overwriting nor link (FAT and exFAT through FUSE).
class NoSafeRename {
public:
    NoSafeRename();
    ~NoSafeRename();
    NoSafeRename(const NoSafeRename&) = delete;
    NoSafeRename& operator=(const NoSafeRename&) = delete;
};

/// No file system may be written to, say they; who tries nevertheless may.
class DisksSayReadOnly {
public:
    DisksSayReadOnly();
    ~DisksSayReadOnly();
    DisksSayReadOnly(const DisksSayReadOnly&) = delete;
    DisksSayReadOnly& operator=(const DisksSayReadOnly&) = delete;
};

/// No file system has more than this free.
class NearlyFull {
public:
    explicit NearlyFull(Bytes free);
    ~NearlyFull();
    NearlyFull(const NearlyFull&) = delete;
    NearlyFull& operator=(const NearlyFull&) = delete;
};

/// Any file system clones a file's blocks (FICLONE), as XFS and btrfs do: the bytes are copied instead.
class BlocksAreShared {
public:
    BlocksAreShared();
    ~BlocksAreShared();
    BlocksAreShared(const BlocksAreShared&) = delete;
    BlocksAreShared& operator=(const BlocksAreShared&) = delete;
};

/// The kernel vouches for no O_DIRECT: before Linux 6.1, on CIFS, NFS and btrfs, on ext4 with data journalling.
class DirectIsNotVouchedFor {
public:
    DirectIsNotVouchedFor();
    ~DirectIsNotVouchedFor();
    DirectIsNotVouchedFor(const DirectIsNotVouchedFor&) = delete;
    DirectIsNotVouchedFor& operator=(const DirectIsNotVouchedFor&) = delete;
};

}  // namespace mediaferry::test
