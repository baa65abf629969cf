// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/files/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "common/files/calls.h"

namespace mediaferry::files {

namespace {

struct KernelEntry {  // struct linux_dirent64
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[1];
};

struct Seen {
    std::uint32_t name_at = 0;
    std::uint16_t name_length = 0;
    bool directory = false, strange = false;
    int why = 0;
    std::uint64_t size = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
};

/// One directory: its entries, in order, and how far the walk is.
struct Level {
    Descriptor directory;
    std::string names;  ///< all of them in one piece: a million small strings would cost twice the memory
    std::vector<Seen> entries;
    std::size_t at = 0;
    std::size_t prefix = 0;  ///< length of the path above

    std::string_view name(const Seen& entry) const { return {names.data() + entry.name_at, entry.name_length}; }
};

/// As whole paths compare: a directory's name is followed by '/' there.
bool before(const Level& level, const Seen& a, const Seen& b) {
    const auto x = level.name(a), y = level.name(b);
    const auto common = std::min(x.size(), y.size());
    if (const int order = std::memcmp(x.data(), y.data(), common); order != 0) return order < 0;
    const auto next = [&](const Seen& entry, std::string_view name) -> int {
        if (common < name.size()) return static_cast<unsigned char>(name[common]);
        return entry.directory ? '/' : -1;
    };
    return next(a, x) < next(b, y);
}

void look_at(int directory, const char* name, Seen& entry) {
    struct statx answer {};
    if (::statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_SIZE | STATX_MTIME | STATX_INO, &answer) != 0) {
        entry.why = errno;
        return;
    }
    entry.directory = S_ISDIR(answer.stx_mode);
    entry.strange = !entry.directory && !S_ISREG(answer.stx_mode);
    entry.size = answer.stx_size;
    entry.modified_ns = static_cast<std::int64_t>(answer.stx_mtime.tv_sec) * 1'000'000'000 + answer.stx_mtime.tv_nsec;
    entry.inode = answer.stx_ino;
}

}  // namespace

struct Walk::Impl {
    const Tree& tree;
    Skip skip;
    std::vector<Level> levels;
    std::string path;
    Found found;
    std::vector<char> block = std::vector<char>(256 << 10);

    Impl(const Tree& root, Skip given) : tree(root), skip(std::move(given)) {}

    /// errno, or 0.
    int read(Level& level) {
        for (;;) {
            const long got = ::syscall(SYS_getdents64, level.directory.get(), block.data(), block.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return errno;
            if (got == 0) break;
            for (long at = 0; at < got;) {
                const auto* entry = reinterpret_cast<const KernelEntry*>(block.data() + at);
                at += entry->length;
                take(level, entry->name, entry->type);
            }
        }
        std::sort(level.entries.begin(), level.entries.end(), [&](const Seen& a, const Seen& b) { return before(level, a, b); });
        return 0;
    }

    void take(Level& level, const char* name, unsigned char type) {
        const std::string_view text = name;
        if (text == "." || text == "..") return;
        Seen entry;
        if (type == DT_DIR)
            entry.directory = true;
        else
            look_at(level.directory.get(), name, entry);
        if (entry.why == ENOENT) return;  // gone since it was listed
        if (skip) {
            path.resize(level.prefix);
            path += text;
            if (skip(path, text, entry.directory)) return;
        }
        entry.name_at = static_cast<std::uint32_t>(level.names.size());
        entry.name_length = static_cast<std::uint16_t>(text.size());
        level.names += text;
        level.entries.push_back(entry);
    }

    /// errno, or 0.
    int enter(int parent, const std::string& name, std::size_t prefix) {
        Level level;
        level.directory = Descriptor{calls::open_beneath(parent, name, O_RDONLY | O_DIRECTORY)};
        if (!level.directory) return errno;
        level.prefix = prefix;
        if (const int why = read(level); why != 0) return why;
        levels.push_back(std::move(level));
        return 0;
    }

    const Found* tell(Found::Kind kind, const Seen& entry, int why) {
        found = Found{kind, path, entry.size, entry.modified_ns, entry.inode, why};
        return &found;
    }

    const Found* next() {
        while (!levels.empty()) {
            auto& level = levels.back();
            if (level.at == level.entries.size()) {
                levels.pop_back();
                continue;
            }
            const Seen entry = level.entries[level.at++];
            path.resize(level.prefix);
            path += level.name(entry);
            if (entry.why != 0) return tell(Found::Kind::unreadable, entry, entry.why);
            if (!entry.directory) return tell(entry.strange ? Found::Kind::strange : Found::Kind::file, entry, 0);
            const std::string name{level.name(entry)};
            path += '/';
            const int why = enter(level.directory.get(), name, path.size());  // `level` may have moved from here on
            if (why == 0 || why == ENOENT) continue;
            path.resize(levels.back().prefix);
            path += name;
            return tell(Found::Kind::unreadable, entry, why);
        }
        return nullptr;
    }
};

Walk::Walk(const Tree& tree, Skip skip) : impl_(std::make_unique<Impl>(tree, std::move(skip))) {
    if (const int why = impl_->enter(tree.descriptor(), ".", 0); why != 0) throw_errno(why, "cannot list", tree.root().string());
}
Walk::~Walk() = default;

const Found* Walk::next() { return impl_->next(); }

}  // namespace mediaferry::files
