// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/last_words.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string>

namespace mediaferry::daemon {

namespace {

std::array<char, PATH_MAX> the_file{};
std::array<char, 64> the_words{};
std::size_t length = 0;

std::string words_of(RunId run) { return "memory ran out in run " + std::to_string(run.value) + "\n"; }

}  // namespace

void last_words_go_to(const fs::path& slot_file, RunId run) {
    const auto words = words_of(run);
    length = 0;
    if (slot_file.size() >= the_file.size() || words.size() >= the_words.size()) return;  // then it counts as a crash, as without all this
    slot_file.native().copy(the_file.data(), the_file.size() - 1);
    the_file[slot_file.size()] = '\0';
    words.copy(the_words.data(), the_words.size());
    length = words.size();
}

void say_that_memory_ran_out() noexcept {
    if (length == 0) return;
    const int file = ::open(the_file.data(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return;
    (void)!::pwrite(file, the_words.data(), length, 0);
    (void)!::ftruncate(file, static_cast<off_t>(length));
    ::close(file);
}

bool memory_ran_out_for(const fs::path& slot_file, RunId run) {
    const int file = ::open(slot_file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return false;
    std::array<char, 64> read{};
    const auto got = ::read(file, read.data(), read.size());
    ::close(file);
    return got > 0 && std::string(read.data(), static_cast<std::size_t>(got)) == words_of(run);
}

}  // namespace mediaferry::daemon
