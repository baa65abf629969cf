// SPDX-License-Identifier: GPL-3.0-or-later
// A codec that does what the bytes of the original say: it crashes, hangs, eats, …: a real codec behind real walls, taken over by its input.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <vector>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/original_bytes.h"
#include "stages/compress/codec/result_file.h"

namespace mediaferry::stages {

void craft::prepare() {}
std::string craft::library() { return "a bad codec 1.0"; }

Compressed craft::make(const Order& order) {
    const auto asked = read_whole(order);
    if (asked.starts_with("crash")) std::raise(SIGSEGV);
    if (asked.starts_with("abort")) std::abort();
    if (asked.starts_with("exit")) ::_exit(3);
    while (asked.starts_with("hang")) ::sleep(1000);
    if (asked.starts_with("killed")) std::raise(SIGKILL);
    if (asked.starts_with("grow")) write_at(order.result, order.limits.file.count, "x");
    if (asked.starts_with("eat")) {
        std::vector<std::vector<char>> eaten;
        for (;;) eaten.emplace_back(8 << 20, 'x');
    }
    if (asked.starts_with("babble")) {
        const std::string line = "{\"outcome\":\"made\"";
        for (const int fd : {3, 4, 5, 6, 7, 8, 9, 10}) (void)!::write(fd, line.data(), line.size());
        ::_exit(0);
    }
    if (asked.starts_with("empty")) return {std::nullopt, "", "nothing at all", 99, library()};
    write_at(order.result, 0, "\xFF\xD8\xFF small");
    sync(order.result);
    Compressed made{std::nullopt, "", "as it should be", 99, library()};
    if (asked.starts_with("\xFF\xD8\xFFname")) made.extension = ".sh";
    return made;
}

Compressed craft::look(const Order&) { return keep("codec.none", "a bad codec shows nothing"); }

}  // namespace mediaferry::stages
