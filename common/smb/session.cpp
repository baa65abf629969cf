// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/smb/session.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::smb {
namespace {

constexpr int kTimeout = 60'000;  ///< milliseconds a server may take for one answer: a NAS wakes its disks in less

// What libsmbclient would take from ~/.smb/smb.conf, else from /etc/samba/smb.conf.
constexpr std::string_view kOptions =
    "[global]\n"
    "client min protocol = SMB2_10\n"
    "client max protocol = SMB3\n"
    "client signing = required\n"
    "client ipc signing = required\n"
    "client use kerberos = off\n"
    "client NTLMv2 auth = yes\n"
    "name resolve order = host\n"
    "disable netbios = yes\n"
    "log level = 0\n";

/// A home of our own for as long as libsmbclient looks for its options in one.
class OwnHome {
public:
    OwnHome() {
        std::string name = (fs::temp_directory_path() / "mediaferry-smb-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) files::throw_errno(errno, "cannot create", name);
        home_ = name;
        fs::create_directory(home_ / ".smb");
        files::replace_small_file(home_ / ".smb" / "smb.conf", kOptions);
        if (const char* before = std::getenv("HOME")) before_ = before;
        ::setenv("HOME", home_.c_str(), 1);
    }
    ~OwnHome() {
        if (before_)
            ::setenv("HOME", before_->c_str(), 1);
        else
            ::unsetenv("HOME");
        boost::system::error_code ignored;
        fs::remove_all(home_, ignored);
    }
    OwnHome(const OwnHome&) = delete;
    OwnHome& operator=(const OwnHome&) = delete;

private:
    fs::path home_;
    std::optional<std::string> before_;
};

void put(char* into, int size, const std::string& text) {
    if (size > 0 && text.size() < static_cast<std::size_t>(size)) std::memcpy(into, text.c_str(), text.size() + 1);
}

void say_who(SMBCCTX* context, const char*, const char*, char* domain, int domain_size, char* user, int user_size, char* password,
             int password_size) {
    const auto* login = static_cast<const Login*>(library().smbc_getOptionUserData(context));
    if (!login->domain.empty()) put(domain, domain_size, login->domain);
    put(user, user_size, login->user);
    put(password, password_size, login->password);
}

void tell(void*, int, const char* text) { log::debug("libsmbclient", {{"TEXT", text}}); }

/// Everything but letters, digits and a few signs as %XX: a name is never taken for a part of the URL.
std::string encoded(std::string_view name) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string result;
    for (const char c : name) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view{"/._-"}.find(c) != std::string_view::npos;
        if (plain)
            result += c;
        else
            ((result += '%') += kDigits[static_cast<unsigned char>(c) >> 4]) += kDigits[static_cast<unsigned char>(c) & 15];
    }
    return result;
}

smbc_smb_encrypt_level level_of(ShareEncryption encryption) {
    return encryption == ShareEncryption::off ? SMBC_ENCRYPTLEVEL_NONE : SMBC_ENCRYPTLEVEL_REQUEST;
}

}  // namespace

void Session::Free::operator()(SMBCCTX* context) const { library().smbc_free_context(context, 1); }

void Session::Close::operator()(SMBCFILE* file) const { library().smbc_getFunctionClose(session->context_.get())(session->context_.get(), file); }

Session::Session(const ShareAddress& address, const Login& login)
    : login_(std::make_unique<Login>(login)), base_("smb://" + address.host + ":" + std::to_string(address.port) + "/" + encoded(address.share)) {
    if (!address.path.empty()) base_ += "/" + encoded(address.path);
    const auto& lib = library();
    const OwnHome home;
    context_.reset(lib.smbc_new_context());
    if (!context_) files::throw_errno(errno, "cannot begin to speak to", base_);
    auto* context = context_.get();
    lib.smbc_setOptionUserData(context, login_.get());
    lib.smbc_setFunctionAuthDataWithContext(context, say_who);
    lib.smbc_setDebug(context, 0);
    lib.smbc_setLogCallback(context, nullptr, tell);
    lib.smbc_setTimeout(context, kTimeout);
    lib.smbc_setOptionUseKerberos(context, 0);
    lib.smbc_setOptionFallbackAfterKerberos(context, 0);
    lib.smbc_setOptionUseCCache(context, 0);
    lib.smbc_setOptionNoAutoAnonymousLogin(context, 1);
    lib.smbc_setOptionSmbEncryptionLevel(context, level_of(login.encryption));
    if (lib.smbc_init_context(context) == nullptr) files::throw_errno(errno, "cannot begin to speak to", base_);
    if (!lib.smbc_setOptionProtocols(context, "SMB2_10", "SMB3"))
        throw Unavailable{"nas.no_smb", "this libsmbclient does not know SMB 2.1 and 3: install a newer one"};
}

std::string Session::url(const fs::path& name) const { return name.empty() ? base_ : base_ + "/" + encoded(name.string()); }

Session::File Session::open(const fs::path& name, int flags) const {
    return File{library().smbc_getFunctionOpen(context_.get())(context_.get(), url(name).c_str(), flags, 0644), Close{this}};
}

int Session::close(File file) const { return library().smbc_getFunctionClose(context_.get())(context_.get(), file.release()); }

ssize_t Session::read(const File& file, char* into, std::size_t size) const {
    return library().smbc_getFunctionRead(context_.get())(context_.get(), file.get(), into, size);
}

ssize_t Session::write(const File& file, const char* from, std::size_t size) const {
    return library().smbc_getFunctionWrite(context_.get())(context_.get(), file.get(), from, size);
}

int Session::status(const fs::path& name, struct stat& found) const {
    return library().smbc_getFunctionStat(context_.get())(context_.get(), url(name).c_str(), &found);
}

int Session::rename_over(const fs::path& from, const fs::path& to) const {
    return library().smbc_getFunctionRename(context_.get())(context_.get(), url(from).c_str(), context_.get(), url(to).c_str());
}

int Session::unlink(const fs::path& name) const { return library().smbc_getFunctionUnlink(context_.get())(context_.get(), url(name).c_str()); }

int Session::make_directory(const fs::path& name) const {
    return library().smbc_getFunctionMkdir(context_.get())(context_.get(), url(name).c_str(), 0755);
}

int Session::remove_directory(const fs::path& name) const {
    return library().smbc_getFunctionRmdir(context_.get())(context_.get(), url(name).c_str());
}

int Session::set_modified(const fs::path& name, std::int64_t seconds) const {
    timeval times[2] = {{seconds, 0}, {seconds, 0}};
    return library().smbc_getFunctionUtimes(context_.get())(context_.get(), url(name).c_str(), times);
}

int Session::space(struct statvfs& about) const {
    std::string root = base_;
    return library().smbc_getFunctionStatVFS(context_.get())(context_.get(), root.data(), &about);
}

int Session::list(const fs::path& name, const std::function<void(const Entry&)>& each) const {
    constexpr unsigned kReparsePoint = 0x400;  // MS-FSCC 2.6, FILE_ATTRIBUTE_REPARSE_POINT
    const auto& lib = library();
    SMBCFILE* directory = lib.smbc_getFunctionOpendir(context_.get())(context_.get(), url(name).c_str());
    if (directory == nullptr) return -1;
    const auto next = lib.smbc_getFunctionReaddirPlus2(context_.get());
    const auto end = lib.smbc_getFunctionClosedir(context_.get());
    // The whole folder is in memory since opendir() (libsmb_dir.c): nothing fails from here on.
    for (;;) {
        Entry entry;
        const auto* about = next(context_.get(), directory, &entry.status);
        if (about == nullptr) break;
        entry.name = about->name;
        entry.elsewhere = (about->attrs & kReparsePoint) != 0;
        if (entry.name == "." || entry.name == "..") continue;
        try {
            each(entry);
        } catch (...) {
            end(context_.get(), directory);
            throw;
        }
    }
    return end(context_.get(), directory);
}

}  // namespace mediaferry::smb
