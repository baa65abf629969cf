// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cerrno>

#include "common/smb/share_impl.h"

namespace mediaferry::smb {
namespace {

/// One folder: its entries, in order, and how far the walk is.
struct Level {
    fs::path folder;
    std::vector<Session::Entry> entries;
    std::size_t at = 0;
};

/// As whole paths compare: a directory's name is followed by '/' there.
std::string key_of(const Session::Entry& entry) { return S_ISDIR(entry.status.st_mode) ? entry.name + "/" : entry.name; }

}  // namespace

class ShareWalk : public files::Walking {
public:
    ShareWalk(const Session& session, files::Walk::Skip skip) : session_(session), skip_(std::move(skip)) {}

    /// errno, or 0.
    int enter(const fs::path& folder) {
        Level level;
        level.folder = folder;
        const int answer = session_.list(folder, [&](const Session::Entry& entry) {
            const auto path = (folder / entry.name).string();
            if (!skip_ || !skip_(path, entry.name, S_ISDIR(entry.status.st_mode))) level.entries.push_back(entry);
        });
        if (answer != 0) return errno == 0 ? EIO : errno;
        std::sort(level.entries.begin(), level.entries.end(), [](const Session::Entry& a, const Session::Entry& b) { return key_of(a) < key_of(b); });
        levels_.push_back(std::move(level));
        return 0;
    }

    const files::Found* next() override {
        using Kind = files::Found::Kind;
        while (!levels_.empty()) {
            auto& level = levels_.back();
            if (level.at == level.entries.size()) {
                levels_.pop_back();
                continue;
            }
            const auto entry = level.entries[level.at++];
            const auto path = level.folder / entry.name;
            if (entry.elsewhere) return tell(Kind::strange, path, entry, 0);
            if (!S_ISDIR(entry.status.st_mode)) return tell(S_ISREG(entry.status.st_mode) ? Kind::file : Kind::strange, path, entry, 0);
            const int why = enter(path);
            if (why != 0 && why != ENOENT) return tell(Kind::unreadable, path, entry, why);
        }
        return nullptr;
    }

private:
    const files::Found* tell(files::Found::Kind kind, const fs::path& path, const Session::Entry& entry, int why) {
        path_ = path.string();
        const auto& status = entry.status;
        found_ = {kind,
                  path_,
                  static_cast<std::uint64_t>(status.st_size),
                  static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec,
                  status.st_ino,
                  why};
        return &found_;
    }

    const Session& session_;
    files::Walk::Skip skip_;
    std::vector<Level> levels_;
    std::string path_;
    files::Found found_;
};

std::unique_ptr<files::Walking> Share::walk(files::Walk::Skip skip) const {
    auto walk = std::make_unique<ShareWalk>(impl_->session, std::move(skip));
    if (const int why = walk->enter({}); why != 0) impl_->fail("cannot list", {}, why);
    return walk;
}

}  // namespace mediaferry::smb
