// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <new>

#include "common/errors/errors.h"
#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {
namespace {

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

/// SHA-256 is not refused for what it is given: a want of memory, or an installation of OpenSSL that is broken. Its list of errors needs memory, too, and
/// may be empty or tell of what followed.
[[noreturn]] void openssl_failed(const char* what) {
    bool want_of_memory = ERR_peek_error() == 0;
    std::array<char, 200> why{};
    while (const auto error = ERR_get_error()) {
        want_of_memory = want_of_memory || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
        ERR_error_string_n(error, why.data(), why.size());
    }
    if (want_of_memory) throw std::bad_alloc{};
    throw Unavailable{"files.digest", std::string(what) + ": " + why.data() + "; memory may be short, or OpenSSL is not installed as it should be"};
}

Context started(const EVP_MD* kind) {
    Context context{EVP_MD_CTX_new()};
    if (!context || EVP_DigestInit_ex(context.get(), kind, nullptr) != 1) openssl_failed("OpenSSL cannot start a digest");
    return context;
}

void update(const Context& context, std::string_view bytes) {
    if (EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1) openssl_failed("OpenSSL cannot go on with a digest");
}

// The two words end with their NUL byte; Apple hashes them in front of the content.
constexpr std::string_view kAppleSalt{"com.apple.XattrObjectSalt\0com.apple.DataObjectSalt\0", 51};

}  // namespace

struct Digester::Impl {
    Context sha256 = started(EVP_sha256());
    Context sha1;  ///< empty: Apple's checksum is not wanted
    std::uint64_t size = 0;

    explicit Impl(Checksums wanted) {
        if (wanted == Checksums::sha256_only) return;
        sha1 = started(EVP_sha1());
        update(sha1, kAppleSalt);
    }
};

Digester::Digester(Checksums wanted) : impl_(new Impl{wanted}) {}

Digester::~Digester() { delete impl_; }
Digester::Digester(Digester&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
Digester& Digester::operator=(Digester&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}

void Digester::add(std::string_view bytes) {
    update(impl_->sha256, bytes);
    if (impl_->sha1) update(impl_->sha1, bytes);
    impl_->size += bytes.size();
}

Digests Digester::take() {
    Digests digests;
    digests.size = {impl_->size};
    if (EVP_DigestFinal_ex(impl_->sha256.get(), digests.sha256.bytes.data(), nullptr) != 1)
        openssl_failed("OpenSSL cannot finish a digest");
    if (!impl_->sha1) return digests;
    // 0x01 names the kind of checksum; 21 bytes are 28 base64 digits with nothing to pad.
    std::array<unsigned char, 21> marked{0x01};
    std::array<char, 29> text{};
    if (EVP_DigestFinal_ex(impl_->sha1.get(), marked.data() + 1, nullptr) != 1) openssl_failed("OpenSSL cannot finish a digest");
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), marked.data(), static_cast<int>(marked.size()));
    digests.apple_checksum = text.data();
    return digests;
}

Digests digest_bytes(std::string_view bytes) {
    Digester digester;
    digester.add(bytes);
    return digester.take();
}

Digests digest_open_file(int file, const std::string& shown, const std::function<bool()>& stop) {
    const auto block = calls::aligned_block();
    Digester digester{Checksums::sha256_only};
    for (off_t at = 0;;) {
        if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while reading " + shown};
        const ssize_t got = calls::read_at(file, block.get(), calls::kBlock, at);
        if (got < 0) throw_errno(errno, "cannot read", shown);
        if (got == 0) return digester.take();
        digester.add({block.get(), static_cast<std::size_t>(got)});
        at += got;
    }
}

Digests digest_file(const fs::path& path) {
    const Descriptor file = calls::open_regular(path);
    ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
    const auto block = calls::aligned_block();
    Digester digester;
    for (off_t at = 0;;) {
        const ssize_t got = calls::read_at(file.get(), block.get(), calls::kBlock, at);
        if (got < 0) throw_errno(errno, "cannot read", path.string());
        if (got == 0) return digester.take();
        digester.add({block.get(), static_cast<std::size_t>(got)});
        at += got;
    }
}

}  // namespace mediaferry::files
