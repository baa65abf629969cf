// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <fcntl.h>

#include "common/files/calls.h"
#include "common/files/files.h"

namespace mediaferry::files {
namespace {

struct stat about(int fd, const fs::path& path) {
    struct stat found {};
    if (::fstat(fd, &found) != 0) throw_errno(errno, "cannot look at", path.string());
    return found;
}

std::vector<std::string> attribute_names(int fd, const fs::path& path) {
    std::string list(1 << 16, '\0');  // the kernel's own limit
    const auto size = ::flistxattr(fd, list.data(), list.size());
    if (size < 0 && errno == ENOTSUP) return {};
    if (size < 0) throw_errno(errno, "cannot list the attributes of", path.string());
    std::vector<std::string> names;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size); at += names.back().size() + 1) names.emplace_back(list.c_str() + at);
    return names;
}

/// False: it may not be given, or cannot be held there.
bool carry_one(int from, int to, const std::string& name) {
    std::string value(1 << 16, '\0');
    const auto size = ::fgetxattr(from, name.c_str(), value.data(), value.size());
    return size >= 0 && ::fsetxattr(to, name.c_str(), value.data(), static_cast<std::size_t>(size), 0) == 0;
}

}  // namespace

std::vector<std::string> carry_attributes(const fs::path& from, const fs::path& to) {
    const auto source = calls::open_regular(from);
    const auto target = calls::open_file(to, O_RDWR | O_NONBLOCK);
    const auto is = about(source.get(), from);
    const auto was = about(target.get(), to);
    std::vector<std::string> lost;
    if (is.st_uid != was.st_uid && ::fchown(target.get(), is.st_uid, static_cast<gid_t>(-1)) != 0) lost.emplace_back("owner");
    if (is.st_gid != was.st_gid && ::fchown(target.get(), static_cast<uid_t>(-1), is.st_gid) != 0) lost.emplace_back("group");
    if (::fchmod(target.get(), is.st_mode & 07777) != 0) throw_errno(errno, "cannot set the mode of", to.string());
    // After the mode, which would rewrite the mask of an access control list.
    for (const auto& name : attribute_names(source.get(), from))
        if (!carry_one(source.get(), target.get(), name)) lost.push_back(name);
    const timespec times[2] = {is.st_atim, is.st_mtim};
    if (::futimens(target.get(), times) != 0) throw_errno(errno, "cannot set the times of", to.string());
    return lost;
}

void carry_user_attributes(const fs::path& from, const fs::path& to) {
    const auto source = calls::open_regular(from);
    const auto target = calls::open_file(to, O_RDWR | O_NONBLOCK);
    for (const auto& name : attribute_names(source.get(), from))
        if (name.starts_with("user.")) carry_one(source.get(), target.get(), name);
}

}  // namespace mediaferry::files
