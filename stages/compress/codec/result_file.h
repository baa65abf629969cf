#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The file that the small copy is written to and read back from: an open descriptor, no name.

#include <cstdint>
#include <string>
#include <string_view>

namespace mediaferry::stages {

/// All of it, there. A disk that is full and a file that grows past its limit throw TransientError ("file.full", "file.io") and BadInput
/// ("codec.file").
void write_at(int fd, std::uint64_t offset, std::string_view bytes);
/// All of it, and nothing of what was there before. Throws as write_at().
void write_whole(int fd, std::string_view bytes);
void sync(int fd);
/// Cut, or zeros added. Throws as write_at().
void set_size(int fd, std::uint64_t size);
std::uint64_t size_of(int fd);
/// What lies there now.
std::string read_back(int fd, std::size_t limit);

}  // namespace mediaferry::stages
