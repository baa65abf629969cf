// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/smb/share.h"

#include <fcntl.h>
#include <netdb.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/smb/share_impl.h"

namespace mediaferry::smb {
namespace {

constexpr const char* kCanary = ".mediaferry-canary";

bool is_away(int why) {
    switch (why) {
        case ECONNREFUSED:
        case ECONNRESET:
        case ECONNABORTED:
        case EPIPE:
        case ENOTCONN:
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case EHOSTDOWN:
        case ENETUNREACH:
        case ENETDOWN:
        case ENETRESET:
        case EBADF:  // a file that was open over a connection that broke
        case ENODEV:
        case ESTALE: return true;
        default: return false;
    }
}

Unavailable away(const ShareAddress& address, const std::string& why) {
    return Unavailable{"nas.away", "no answer from the SMB server " + address.host + ":" + std::to_string(address.port) + " (" + why +
                                       "). Is it on, in the network, and its name right? Nothing is lost; the next run goes on"};
}

void must_have_a_name(const ShareAddress& address) {
    addrinfo* found = nullptr;
    const addrinfo wanted{.ai_flags = 0,
                          .ai_family = AF_UNSPEC,
                          .ai_socktype = SOCK_STREAM,
                          .ai_protocol = 0,
                          .ai_addrlen = 0,
                          .ai_addr = nullptr,
                          .ai_canonname = nullptr,
                          .ai_next = nullptr};
    const int answer = ::getaddrinfo(address.host.c_str(), nullptr, &wanted, &found);
    if (answer != 0) throw away(address, ::gai_strerror(answer));
    ::freeaddrinfo(found);
}

/// The share itself first: what is missing, the share or the folder on it, is told apart by nothing else.
void must_be_there(const ShareAddress& address, const Login& login) {
    struct stat found {};
    ShareAddress top = address;
    top.path.clear();
    const Session session{top, login};
    if (session.status({}, found) == 0) return;
    const int why = errno;
    const std::string share = "smb://" + address.host + "/" + address.share;
    if (why == EACCES || why == EPERM)
        throw SignInRequired{"nas.login", "the server refuses " + (login.user.empty() ? "a login without archive.user" : "the user " + login.user) +
                                              " at " + share +
                                              ": a wrong password (archive.password_file, or the credential archive_password), or no right to this "
                                              "share. Mend it, and try with `mediaferry doctor nas`"};
    if (why == ENOENT || why == ENODEV || why == EINVAL)
        throw Unavailable{"nas.no_share", "the server has no share " + share + ", or does not speak to us as archive.encryption asks: " +
                                              std::generic_category().message(why) + ". Look at the name of the share"};
    if (is_away(why)) throw away(address, std::generic_category().message(why));
    files::throw_errno(why, "cannot use the share", share);
}

bool holds(const struct stat& status, mode_t kind) { return (status.st_mode & S_IFMT) == kind; }

}  // namespace

void Share::Impl::fail(const std::string& doing, const fs::path& name, int why) const {
    if (why == 0) why = EIO;
    if (is_away(why)) throw away(address, doing + " " + files::printable(shown(name)) + ": " + std::generic_category().message(why));
    files::throw_errno(why, doing, shown(name));
}

const fs::path& Share::Impl::named(const fs::path& name) const {
    if (name.is_absolute()) throw TransientError{"file.refused", files::printable(name.string()) + " is no name below " + root.string()};
    for (const auto& part : name) {
        const auto text = part.string();
        if (text == "." || text == ".." || text.empty())
            throw TransientError{"file.refused", "'" + files::printable(name.string()) + "' is not the name of a file below " + root.string()};
        // A leading dot, and longer names than safe_name() gives, are for our own files and for those of a person.
        const std::string_view rest = text.starts_with('.') ? std::string_view{text}.substr(1) : std::string_view{text};
        const auto safe = files::safe_name(rest.substr(0, 150));
        if (text.size() > 255 || (rest.size() <= 150 ? safe != rest : !rest.starts_with(safe.substr(0, 140))))
            throw TransientError{"file.name",
                                 "a share cannot hold a file called " + files::printable(text) +
                                     " (\\ : * ? \" < > |, control characters, a dot or space at its end, a name such as AUX, more than 255 "
                                     "bytes). Rename it"};
    }
    return name;
}

Share::Share(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Share::~Share() = default;

std::unique_ptr<Share> Share::open(const ShareAddress& address, const Login& login) {
    must_have_a_name(address);
    must_be_there(address, login);
    auto shown = "smb://" + address.host + (address.port == 445 ? "" : ":" + std::to_string(address.port)) + "/" + address.share;
    if (!address.path.empty()) shown += "/" + address.path;
    std::unique_ptr<Share> share{new Share{std::make_unique<Impl>(address, shown, login)}};
    const auto status = share->status({});
    if (!status || !holds(*status, S_IFDIR)) throw Unavailable{"file.missing", "no folder " + shown};
    return share;
}

const fs::path& Share::root() const { return impl_->root; }

std::optional<struct stat> Share::status(const fs::path& name) const {
    struct stat found {};
    if (impl_->session.status(impl_->named(name), found) == 0) return found;
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    impl_->fail("cannot look at", name, errno);
}

std::vector<std::string> Share::list(const fs::path& name) const {
    std::vector<std::string> names;
    if (impl_->session.list(impl_->named(name), [&](const Session::Entry& entry) { names.push_back(entry.name); }) != 0)
        impl_->fail("cannot list", name, errno);
    std::sort(names.begin(), names.end());
    return names;
}

void Share::make_directories(const fs::path& name) const {
    fs::path so_far;
    for (const auto& part : impl_->named(name)) {
        so_far /= part;
        if (MF_AROUND("smb.mkdir", impl_->session.make_directory(so_far)) == 0 || errno == EEXIST) continue;
        const int why = errno;
        const auto there = status(so_far);  // some servers refuse before they look
        if (!there || !holds(*there, S_IFDIR)) impl_->fail("cannot create the folder", so_far, why);
    }
}

void Share::Impl::remove(const fs::path& name) const {
    if (MF_AROUND("smb.unlink", session.unlink(named(name))) != 0 && errno != ENOENT && errno != ENOTDIR) fail("cannot remove", name, errno);
}

void Share::remove(const fs::path& name) const {
    const auto there = status(name);
    if (!there) return;
    // libsmbclient's unlink takes an empty folder too.
    if (!holds(*there, S_IFREG)) throw TransientError{"file.refused", impl_->shown(name) + " is not a regular file"};
    impl_->remove(name);
}

void Share::remove_empty_directory(const fs::path& name) const {
    if (MF_AROUND("smb.rmdir", impl_->session.remove_directory(impl_->named(name))) == 0) return;
    if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST) impl_->fail("cannot remove the folder", name, errno);
}

void Share::replace(const fs::path& from, const fs::path& to) const {
    if (MF_AROUND("smb.replace", impl_->session.rename_over(impl_->named(from), impl_->named(to))) != 0) impl_->fail("cannot replace", to, errno);
}

// Directory operations are carried out when they are answered, and nothing makes a server flush them: see flushes().
void Share::sync_directory(const fs::path&) const {}
void Share::make_durable(const fs::path&) const {}

// Every call names its file anew, and the marker is looked at before and after: no descriptor leads to a tree that was taken away.
bool Share::still_there() const { return true; }

files::Store::Condition Share::condition() const {
    constexpr unsigned long kSectors = 1UL << 30;  // SMBC_VFS_FEATURE_NO_UNIXCIFS: f_bsize is a sector's bytes, f_frsize how many make a unit
    struct statvfs about {};
    if (impl_->session.space(about) != 0) impl_->fail("cannot ask for the free space of", {}, errno);
    const std::uint64_t unit = (about.f_flag & kSectors) != 0 ? static_cast<std::uint64_t>(about.f_bsize) * about.f_frsize : about.f_frsize;
    Condition now;
    now.free = {about.f_bavail * unit};
    now.total = {about.f_blocks * unit};
    now.read_only = (about.f_flag & ST_RDONLY) != 0;
    if (!impl_->may_write) {
        const fs::path canary = kCanary;  // always the same: who died here left one, and the next takes it away
        auto file = MF_AROUND("smb.canary", impl_->session.open(canary, O_RDWR | O_CREAT | O_EXCL));
        const int why = errno;
        if (!file && is_away(why)) impl_->fail("cannot write to", {}, why);
        impl_->may_write = file != nullptr || (why != EACCES && why != EPERM && why != EROFS);
        if (file) {
            impl_->session.close(std::move(file));
            impl_->remove(canary);
        } else if (why == EEXIST) {
            impl_->may_write = impl_->session.unlink(impl_->named(canary)) == 0 || errno == ENOENT;
        }
    }
    now.denied = !*impl_->may_write;
    return now;
}

std::string Share::place() const {
    const auto quoted = [](const std::string& text) { return '"' + text + '"'; };  // an address has neither quotes nor backslashes
    return R"({"server": )" + quoted(impl_->address.host) + R"(, "share": )" + quoted(impl_->address.share) + "}";
}

/// The server gives its own inode's number; a share of this very machine that leads to the working folders shows by it.
bool Share::is_same_file(int file, const struct stat& found) const {
    struct stat held {};
    if (::fstat(file, &held) != 0) files::throw_errno(errno, "looking at the original of a file in", impl_->root.string());
    return held.st_ino == found.st_ino && held.st_size == found.st_size && held.st_mtim.tv_sec == found.st_mtim.tv_sec;
}

}  // namespace mediaferry::smb
