#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// System calls as the rest of this folder wants them: interrupted calls are repeated, short writes completed, errors thrown.

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/files/files.h"

namespace mediaferry::files::calls {

inline constexpr std::size_t kBlock = 1 << 20;
inline constexpr std::size_t kAlignment = 4096;  ///< what O_DIRECT asks of buffers and offsets on every disk in use

struct FreeAligned {
    void operator()(char* memory) const;
};
using Buffer = std::unique_ptr<char[], FreeAligned>;
/// kBlock bytes at an address that suits O_DIRECT.
Buffer aligned_block();

enum class Mounts { stay, cross };  ///< whether a walk may go into another mount
/// openat2 below `directory`: never out of it, over a symbolic link, or into another mount. -1 and errno on failure (ELOOP, EXDEV).
int open_beneath(int directory, const fs::path& name, int flags, mode_t mode = 0, Mounts mounts = Mounts::stay);
/// The same for a kernel or a sandbox without openat2: component by component. It refuses every "..".
int open_by_steps(int directory, const fs::path& name, int flags, mode_t mode = 0, Mounts mounts = Mounts::stay);

/// The folder of the house (keep_within) that a path lies below, and the way from there. Absent for all other paths.
struct Within {
    fs::path folder, rest;
};
std::optional<Within> within(const fs::path&);
/// open(2); below a folder of the house it walks as open_beneath does. -1 and errno on failure.
int open_path(const fs::path&, int flags, mode_t mode = 0);
Descriptor open_file(const fs::path&, int flags, mode_t mode = 0);
/// For reading; throws "file.refused" for anything but a regular file. No pipe is waited for, no device is touched.
Descriptor open_regular(const fs::path&);
Descriptor open_regular(int directory, const fs::path& name, const std::string& name_for_errors);

/// Up to `size` bytes from `offset`; 0 at the end. -1 and errno on failure.
ssize_t read_at(int fd, char* into, std::size_t size, off_t offset);
void write_all(int fd, std::string_view bytes, const std::string& name_for_errors);
void sync(int fd, const std::string& name_for_errors);
void set_modified(int fd, timespec modified, const std::string& name_for_errors);
/// The whole file, which must not be longer than `limit`.
std::string read_whole(int fd, std::size_t limit, const std::string& name_for_errors);

/// Makes the folders that are missing on the way to `name`; each parent of a new one is fsynced. `root` is for error texts.
void make_steps(int directory, const fs::path& name, const fs::path& root, Mounts);

/// Renames without replacing: renameat2(RENAME_NOREPLACE), else link and unlink (NFS refuses the flag). Throws file.exists.
void rename_new(int from_directory, const std::string& from, int to_directory, const std::string& to, const std::string& name_for_errors);

}  // namespace mediaferry::files::calls
