// SPDX-License-Identifier: GPL-3.0-or-later
// A rename that overwrites nothing, made of two calls of which only one can promise that.
//
// smbc_rename() asks the server to rename without replacing, and when something is there removes it and asks again. So the name is first taken
// with a mark, created exclusively: whoever comes second is refused by the server. What smbc_rename() then removes is this mark; what somebody
// puts there between the removal and the second request makes that one fail. A process that dies in between leaves its mark, which says whose it
// is: it is dead when the file that was to be renamed is gone.
#include <fcntl.h>

#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/smb/share_impl.h"

namespace mediaferry::smb {
namespace {

constexpr std::string_view kMark = "mediaferry: this name is taken for a file that is about to be renamed from ";
constexpr std::size_t kLongest = files::Store::longest_mark.count;

std::string mark_for(const fs::path& from) { return std::string(kMark) + from.string() + "\n"; }

}  // namespace

bool Share::Impl::remove_mark(const Share& share, const fs::path& name, const std::string& text) const {
    // By way of a name that nobody else has: what was looked at and what is removed are one file then, whatever others do meanwhile.
    const auto aside = name.parent_path() / (std::string(mark_aside) + files::temporary_name());
    if (MF_AROUND("smb.mark.aside", session.rename_over(name, aside)) != 0) {
        if (errno == ENOENT) return true;  // another process took it away just now
        fail("cannot rename", name, errno);
    }
    std::string found;
    try {
        const auto file = open_read(aside);
        const auto read = bytes_of(file, aside);
        std::vector<char> block(kLongest + 1);
        found.assign(block.data(), read(block.data(), block.size()));
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError&) {
        if (share.status(aside)) throw;
        return true;  // the same: nothing else than a mark whose owner is gone is ever taken away under such a name
    }
    if (found == text) {
        remove(aside);
        return true;
    }
    log::warning("a file was in the place of a rename's mark", {{"PATH", shown(name)}, {"ASIDE", shown(aside)}});
    share.rename_new(aside, name);
    return false;
}

void Share::rename_new(const fs::path& from, const fs::path& to) const {
    if (!status(from)) files::throw_errno(ENOENT, "cannot rename", impl_->shown(from));
    const auto mark = mark_for(from);
    MF_AROUND("smb.mark", write_new(to, mark));
    if (MF_AROUND("smb.rename", impl_->session.rename_over(from, to)) == 0) return;
    const int why = errno;
    // An answer may have got lost: the file is where it was, or the rename happened.
    if (why != EEXIST && status(from)) {
        try {
            if (!impl_->remove_mark(*this, to, mark)) throw TransientError{"file.exists", impl_->shown(to) + " came into being meanwhile"};
        } catch (const Unavailable&) {
            throw;
        } catch (const TransientError& error) {
            log::warning("the mark of a rename stays behind", {{"PATH", impl_->shown(to)}, {"ERROR", error.what()}});
        }
    }
    impl_->fail("cannot rename to", to, why);
}

bool Share::clear_mark(const fs::path& name) const {
    const auto there = status(name);
    if (!there || !S_ISREG(there->st_mode) || static_cast<std::uint64_t>(there->st_size) > kLongest) return false;
    const auto text = read_small(name, kLongest);
    if (!text.starts_with(kMark) || !text.ends_with('\n')) return false;
    const fs::path from = text.substr(kMark.size(), text.size() - kMark.size() - 1);
    if (status(from)) return false;  // somebody is at it, or died and was not cleaned up after
    return impl_->remove_mark(*this, name, text);
}

}  // namespace mediaferry::smb
