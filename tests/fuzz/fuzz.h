#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What a fuzz target is: a function that puts one piece of outside data through a parser and requires what must hold of whatever comes out.
// FUZZ(name) { … input … } makes it a libFuzzer program of its own (preset `fuzz`), or a row of fuzz_replay, which puts the kept corpus through
// every target in the ordinary tests. An Error of ours may come out of a target. Anything else that comes out is a finding.

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/errors/errors.h"
#include "common/types/fs.h"

namespace mediaferry::fuzz {

using Target = void (*)(std::string_view input);

/// Ends the program: what the target found out about `what` is wrong.
[[noreturn]] inline void found(const std::string& what) {
    std::fprintf(stderr, "FOUND: %s\n", what.c_str());
    std::abort();
}

inline void require(bool holds, const char* what) {
    if (!holds) found(what);
}

/// `work`, of which only errors of ours may come. Several parsers can be given one input, each in its own attempt.
template <class Work>
void attempt(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        require(!error.code().empty() && *error.what() != '\0', "an error without a code or a text");
    } catch (const std::exception& error) {
        found(std::string("what a library throws came out: ") + error.what());
    }
}

/// The input in two, at its first NUL: for parsers that take two texts.
inline std::pair<std::string_view, std::string_view> in_two(std::string_view input) {
    const auto cut = input.find('\0');
    return {input.substr(0, cut), cut == std::string_view::npos ? std::string_view{} : input.substr(cut + 1)};
}

/// A folder for targets that read files, in memory where there is room for it; gone with the program.
struct Scratch {
    fs::path path =
        (fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / fs::unique_path("mediaferry-fuzz-%%%%%%%%%%%%");
    Scratch() { fs::create_directories(path); }
    ~Scratch() {
        boost::system::error_code ignored;
        fs::remove_all(path, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
};

/// Whether it can only name something directly in a folder: one component, neither "." nor "..".
inline bool is_one_component(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.size() <= 255 && name.find('/') == std::string_view::npos &&
           name.find('\0') == std::string_view::npos;
}

/// Whether a relative path stays below where it begins.
inline bool stays_below(const fs::path& path) {
    if (path.empty() || path.is_absolute()) return false;
    for (const auto& part : path)
        if (part == ".." || part.string().size() > 255) return false;
    return true;
}

#ifndef MEDIAFERRY_LIBFUZZER
struct Registered {
    Registered(const char* name, Target target);
};
#endif

}  // namespace mediaferry::fuzz

#ifdef MEDIAFERRY_LIBFUZZER
#define FUZZ(name)                                                                                      \
    static void target_##name(std::string_view input);                                                  \
    extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {                \
        mediaferry::fuzz::attempt([&] { target_##name({reinterpret_cast<const char*>(data), size}); }); \
        return 0;                                                                                       \
    }                                                                                                   \
    static void target_##name([[maybe_unused]] std::string_view input)
#else
#define FUZZ(name)                                                                      \
    static void target_##name(std::string_view input);                                  \
    static const mediaferry::fuzz::Registered registered_##name{#name, &target_##name}; \
    static void target_##name([[maybe_unused]] std::string_view input)
#endif
