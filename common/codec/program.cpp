// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/codec/program.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace mediaferry::codec {
namespace {

std::map<std::string, std::string> environment() {
    std::map<std::string, std::string> kept{{"LC_ALL", "C"}};
    for (char** entry = ::environ; *entry; ++entry) {
        const std::string_view text = *entry;
        for (const auto* name : {"LD_", "ASAN_", "UBSAN_", "LSAN_", "MEDIAFERRY_FAULT"})
            if (text.starts_with(name) && text.find('=') != std::string_view::npos)
                kept.emplace(text.substr(0, text.find('=')), text.substr(text.find('=') + 1));
    }
    return kept;
}

}  // namespace

fs::path directory() {
    if (const char* given = std::getenv("MEDIAFERRY_CODECS_DIR"); given && *given) return given;
    return fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "lib" / "mediaferry";
}

process::Command command(std::string_view program) {
    process::Command command;
    command.argv = {(directory() / std::string(program)).string()};
    command.environment = environment();
    // A JPEG's coefficients are one large piece of memory: in large pages where the kernel lets a program ask for them (a fifteenth of its time;
    // glibc 2.35).
    if (program == kJpeg) command.environment.emplace("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    command.directory = "/";
    command.grace = std::chrono::seconds{0};
    return command;
}

}  // namespace mediaferry::codec
