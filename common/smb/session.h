#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One libsmbclient context and what is done through it, each call as the system call of that name: -1 and errno on failure. It belongs to one
// thread. A connection that broke is made anew by the next call; nothing is remembered of a file from one open to the next (libsmbclient keeps
// no file's bytes). Private to this folder.

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <functional>
#include <memory>
#include <string>

#include "common/smb/library.h"
#include "common/smb/share.h"
#include "common/types/fs.h"
#include "common/types/share_address.h"

namespace mediaferry::smb {

class Session {
public:
    /// Loads the library and says how it is to speak: SMB 2.1 or newer, signed, this user and nobody else (no guest, no ticket, no file of this
    /// machine's users). Connects to nothing yet.
    Session(const ShareAddress&, const Login&);

    /// An open file; closed by its owner.
    struct Close {
        const Session* session = nullptr;
        void operator()(SMBCFILE*) const;
    };
    using File = std::unique_ptr<SMBCFILE, Close>;
    File open(const fs::path& name, int flags) const;
    int close(File) const;  ///< and what it says
    ssize_t read(const File&, char* into, std::size_t size) const;
    ssize_t write(const File&, const char* from, std::size_t size) const;

    int status(const fs::path& name, struct stat&) const;
    /// Over what is there: libsmbclient removes the target when the server refuses to rename onto it (libsmb_dir.c, SMBC_rename_ctx).
    int rename_over(const fs::path& from, const fs::path& to) const;
    int unlink(const fs::path& name) const;  ///< also an empty folder, if it is one
    int make_directory(const fs::path& name) const;
    int remove_directory(const fs::path& name) const;
    int set_modified(const fs::path& name, std::int64_t seconds) const;
    int space(struct statvfs&) const;

    struct Entry {
        std::string name;
        struct stat status {};
        bool elsewhere = false;  ///< a reparse point: what it leads to is another matter
    };
    int list(const fs::path& name, const std::function<void(const Entry&)>&) const;

    const Login& login() const { return *login_; }

private:
    std::string url(const fs::path& name) const;

    struct Free {
        void operator()(SMBCCTX*) const;
    };
    std::unique_ptr<Login> login_;  ///< the library asks for it by its address
    std::string base_;
    std::unique_ptr<SMBCCTX, Free> context_;
};

}  // namespace mediaferry::smb
