// SPDX-License-Identifier: GPL-3.0-or-later
// Puts every kept input through its target: fuzz_replay CORPUS. Each folder of the corpus is named after a target, and each target has one.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <vector>

#include "tests/fuzz/fuzz.h"

namespace mediaferry::fuzz {
namespace {

std::map<std::string, Target>& targets() {
    static std::map<std::string, Target> all;
    return all;
}

std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file.string(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// What libFuzzer would try first: the input as it is, cut short at a few places, and with a byte turned over at a few.
void replay(Target target, const std::string& input) {
    attempt([&] { target(input); });
    constexpr std::size_t kPlaces = 24;
    for (std::size_t i = 0; i < kPlaces && i < input.size(); ++i) {
        const auto at = i * input.size() / kPlaces;
        attempt([&] { target(std::string_view(input).substr(0, at)); });
        auto changed = input;
        changed[at] = static_cast<char>(changed[at] ^ (1 << (i % 8)));
        attempt([&] { target(changed); });
    }
}

}  // namespace

Registered::Registered(const char* name, Target target) { targets().emplace(name, target); }

}  // namespace mediaferry::fuzz

int main(int count, char** words) {
    using namespace mediaferry::fuzz;
    if (count < 2) return std::cerr << "usage: fuzz_replay CORPUS [TARGET]\n", 64;
    std::size_t inputs = 0;
    for (const auto& [name, target] : targets()) {
        if (count > 2 && name != words[2]) continue;
        const auto folder = mediaferry::fs::path(words[1]) / name;
        if (!is_directory(folder)) return std::cerr << "no corpus for the target " << name << "\n", 1;
        const auto files = files_in(folder);
        if (files.empty()) return std::cerr << "an empty corpus: " << name << "\n", 1;
        for (const auto& file : files) {
            std::cerr << name << "/" << file.filename().string() << "\n";
            replay(target, content_of(file));
            ++inputs;
        }
    }
    std::cout << targets().size() << " targets, " << inputs << " kept inputs\n";
    return 0;
}
