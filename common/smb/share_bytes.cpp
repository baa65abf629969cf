// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes to and from a share.
#include <fcntl.h>

#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/smb/share_impl.h"

namespace mediaferry::smb {

Session::File Share::Impl::open_read(const fs::path& name) const {
    struct stat found {};
    if (session.status(named(name), found) != 0) fail("cannot open", name, errno);
    if (!S_ISREG(found.st_mode)) throw TransientError{"file.refused", shown(name) + " is not a regular file"};
    auto file = session.open(name, O_RDONLY);
    if (!file) fail("cannot open", name, errno);
    return file;
}

files::Source Share::Impl::bytes_of(const Session::File& file, const fs::path& name) const {
    return [this, &file, name](char* into, std::size_t size) {
        const auto got = session.read(file, into, size);
        if (got < 0) fail("cannot read", name, errno);
        return static_cast<std::size_t>(got);
    };
}

files::Digests Share::Impl::digest(const fs::path& name, const std::function<bool()>& stop) const {
    const auto file = open_read(name);
    const auto read = bytes_of(file, name);
    files::Digester digester{files::Checksums::sha256_only};
    std::vector<char> block(kBlock);
    for (;;) {
        if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while reading " + shown(name)};
        const auto got = read(block.data(), block.size());
        if (got == 0) return digester.take();
        digester.add({block.data(), got});
    }
}

files::Digests Share::Impl::write(const files::Source& source, const fs::path& name, std::optional<Timestamp> modified,
                                  const std::function<bool()>& stop, const std::function<void(Bytes)>& moved) const {
    // For reading too: libsmbclient asks for the right to set attributes, and with it the time, only then.
    auto file = MF_AROUND("smb.create", session.open(named(name), O_RDWR | O_CREAT | O_EXCL));
    if (!file) fail("cannot create", name, errno);
    try {
        files::Digester digester{files::Checksums::sha256_only};
        std::vector<char> block(kBlock);
        for (;;) {
            if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while copying to " + shown(name)};
            const auto got = source(block.data(), block.size());
            if (got == 0) break;
            digester.add({block.data(), got});
            for (std::size_t at = 0; at < got;) {
                const auto written = MF_AROUND("smb.write", session.write(file, block.data() + at, got - at));
                if (written <= 0) fail("cannot write", name, written < 0 ? errno : EIO);
                at += static_cast<std::size_t>(written);
            }
            if (moved) moved({got});
        }
        if (MF_AROUND("smb.close", session.close(std::move(file))) != 0) fail("cannot close", name, errno);
        if (modified && session.set_modified(name, modified->time_since_epoch().count()) != 0 && errno != EPERM && errno != EACCES && errno != ENOSYS)
            fail("cannot set the time of", name, errno);
        return digester.take();
    } catch (const Unavailable&) {
        throw;  // what is unfinished is removed by the next run; asking again would only wait for the same answer
    } catch (...) {
        file.reset();
        session.unlink(name);
        throw;
    }
}

namespace {

/// Closed already: nothing can be flushed, so there is nothing to put off.
class ArrivedFile : public files::Arriving {
public:
    explicit ArrivedFile(files::Digests digests) : digests_(std::move(digests)) {}
    const files::Digests& digests() const override { return digests_; }
    void depart() override {}
    void settle() override {}

private:
    files::Digests digests_;
};

}  // namespace

std::unique_ptr<files::Arriving> Share::write_in(int source, const fs::path& name, Timestamp modified, const Stop& stop, const Moved& moved) const {
    return std::make_unique<ArrivedFile>(
        impl_->write(files::bytes_of(source, "cannot read what is to be copied to", impl_->shown(name)), name, modified, stop, moved));
}

void Share::write_new(const fs::path& name, std::string_view content) const {
    const auto source = [content](char* into, std::size_t size) mutable {
        const auto piece = content.copy(into, size);
        content.remove_prefix(piece);
        return piece;
    };
    impl_->write(source, name, std::nullopt, {}, {});
}

std::string Share::read_small(const fs::path& name, std::size_t limit) const {
    const auto file = impl_->open_read(name);
    const auto read = impl_->bytes_of(file, name);
    std::string content;
    std::vector<char> block(16384);
    while (const auto got = read(block.data(), block.size())) {
        content.append(block.data(), got);
        if (content.size() > limit)
            throw TransientError{"file.too_large",
                                 impl_->shown(name) + " is longer than " + std::to_string(limit) + " bytes: it is not the file that belongs there"};
    }
    return content;
}

files::Digests Share::digest(const fs::path& name, const Stop& stop) const { return impl_->digest(name, stop); }

files::ReadBack Share::read_back(const fs::path& name, const Stop& stop) const { return {impl_->digest(name, stop), "server", true}; }

std::unique_ptr<files::Arriving> Share::write_out(const fs::path& name, const files::Tree& home, const fs::path& to, Timestamp modified,
                                                  const Stop& stop, const Moved& moved) const {
    const auto file = impl_->open_read(name);
    return files::write_in(impl_->bytes_of(file, name), home, to, modified, stop, moved);
}

}  // namespace mediaferry::smb
