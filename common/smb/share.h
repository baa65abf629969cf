#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A share on an SMB server as a store of files, without a mount. What differs from a mounted folder:
//
// - Nothing can be flushed: libsmbclient (4.17) has no call for SMB2 FLUSH and does not pass O_SYNC on (measured: the server sees no fsync), so a
//   written file may be in the server's memory alone for a while. flushes() says so, and a copy here proves nothing until it settled. A server
//   with `sync always = yes` for the share flushes every write by itself.
// - Read back means: the server gave these bytes over the wire. Where from is its affair.
// - libsmbclient's rename removes what lies under the new name (measured). rename_new() therefore first makes a small file there, exclusively
//   (the server decides who was first), and only that one is renamed over. For that moment the name leads to this mark.
// - A book that is replaced is not there for a moment.
// - Links on the server are followed or not by the server (`follow symlinks`, `wide links`); the client cannot tell.
//
// Away is Unavailable: nas.away (no answer), nas.no_share (no such share), file.missing (no such folder on it). A refused login is SignInRequired
// "nas.login".

#include <memory>
#include <string>

#include "common/files/store.h"
#include "common/types/share_address.h"

namespace mediaferry::smb {

struct Login {
    std::string user, password, domain;
    ShareEncryption encryption = ShareEncryption::wanted;
};

/// Belongs to one thread.
class Share : public files::Store {
public:
    static std::unique_ptr<Share> open(const ShareAddress&, const Login&);
    ~Share() override;

    const fs::path& root() const override;
    std::optional<struct stat> status(const fs::path& name) const override;
    std::vector<std::string> list(const fs::path& name) const override;
    std::unique_ptr<files::Walking> walk(files::Walk::Skip) const override;
    std::string read_small(const fs::path& name, std::size_t limit = 1 << 16) const override;
    files::Digests digest(const fs::path& name, const Stop& = {}) const override;
    files::ReadBack read_back(const fs::path& name, const Stop& = {}) const override;
    std::unique_ptr<files::Arriving> write_out(const fs::path& name, const files::Tree& home, const fs::path& to, Timestamp modified,
                                               const Stop& = {}, const Moved& = {}) const override;
    std::unique_ptr<files::Arriving> write_in(int source, const fs::path& name, Timestamp modified, const Stop& = {},
                                              const Moved& = {}) const override;
    void write_new(const fs::path& name, std::string_view content) const override;
    void make_durable(const fs::path& name) const override;
    void make_directories(const fs::path& name) const override;
    void rename_new(const fs::path& from, const fs::path& to) const override;
    void replace(const fs::path& from, const fs::path& to) const override;
    void remove(const fs::path& name) const override;
    void remove_empty_directory(const fs::path& name) const override;
    void sync_directory(const fs::path& name) const override;
    bool clear_mark(const fs::path& name) const override;
    bool still_there() const override;
    Condition condition() const override;
    std::string place() const override;
    std::string kind() const override { return "smb"; }
    bool flushes() const override { return false; }
    bool takes_threads() const override { return false; }
    bool is_same_file(int file, const struct stat& found) const override;

private:
    struct Impl;
    explicit Share(std::unique_ptr<Impl>);
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::smb
