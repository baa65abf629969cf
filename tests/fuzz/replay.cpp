// SPDX-License-Identifier: GPL-3.0-or-later
// Puts every kept input through its target: fuzz_replay CORPUS [TARGET]. Each folder of the corpus is named after a target, and each target has one.
// fuzz_replay CORPUS --random N [TARGET [NUMBER]]: N inputs made of the kept ones by chance, the same every time, dealt out to the targets; what ends
// the program is told by its target and number.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
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

/// Which input is tried at the moment, for whoever dies of it.
std::array<char, 120> at_work{};

void tell_and_die(int signal) {
    (void)!::write(STDERR_FILENO, at_work.data(), std::strlen(at_work.data()));
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

/// One to eight changes to a kept input: a bit, a byte, a piece taken out, doubled, or put in from another input of the same target.
std::string changed(const std::vector<std::string>& kept, std::mt19937_64& chance) {
    const auto below = [&](std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(chance); };
    auto input = kept[below(kept.size())];
    for (auto changes = below(8) + 1; changes > 0; --changes) {
        const auto at = below(input.size() + 1);
        const auto length = std::min(below(64) + 1, input.size() - at);
        const auto& other = kept[below(kept.size())];
        const auto from = below(other.size() + 1);
        switch (below(6)) {
            case 0:
                if (length > 0) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
                break;
            case 1:
                if (length > 0) input[at] = static_cast<char>(below(256));
                break;
            case 2: input.erase(at, length); break;
            case 3: input.insert(at, input.substr(at, length)); break;
            case 4: input.insert(at, other.substr(from, below(64) + 1)); break;
            default: input = input.substr(0, at) + other.substr(from); break;
        }
    }
    constexpr std::size_t kMost = 8192;
    return input.substr(0, kMost);
}

void by_chance(const std::string& name, Target target, const std::vector<std::string>& kept, std::uint64_t first, std::uint64_t last) {
    for (auto number = first; number < last; ++number) {
        std::mt19937_64 chance{number};
        const auto input = changed(kept, chance);
        std::snprintf(at_work.data(), at_work.size(), "ended by: --random 1 %s %llu\n", name.c_str(), static_cast<unsigned long long>(number));
        attempt([&] { target(input); });
    }
}

}  // namespace

Registered::Registered(const char* name, Target target) { targets().emplace(name, target); }

}  // namespace mediaferry::fuzz

int main(int count, char** given) {
    using namespace mediaferry::fuzz;
    std::vector<std::string> words(given + 1, given + count);
    if (words.empty()) return std::cerr << "usage: fuzz_replay CORPUS [--random N] [TARGET [NUMBER]]\n", 64;
    const mediaferry::fs::path corpus = words[0];
    const bool random = words.size() > 2 && words[1] == "--random";
    const std::uint64_t inputs_wanted = random ? std::stoull(words[2]) : 0;
    words.erase(words.begin(), words.begin() + (random ? 3 : 1));
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) ::signal(signal, random ? tell_and_die : SIG_DFL);
    std::size_t inputs = 0;
    for (const auto& [name, target] : targets()) {
        if (!words.empty() && name != words[0]) continue;
        const auto folder = corpus / name;
        if (!is_directory(folder)) return std::cerr << "no corpus for the target " << name << "\n", 1;
        std::vector<std::string> kept;
        for (const auto& file : files_in(folder)) {
            kept.push_back(content_of(file));
            if (random) continue;
            std::cerr << name << "/" << file.filename().string() << "\n";
            replay(target, kept.back());
            ++inputs;
        }
        if (kept.empty()) return std::cerr << "an empty corpus: " << name << "\n", 1;
        if (!random) continue;
        const std::uint64_t first = words.size() > 1 ? std::stoull(words[1]) : 0;
        const auto last = first + (words.size() > 1 ? 1 : inputs_wanted / (words.empty() ? targets().size() : 1));
        if (words.size() > 1) {  // for whoever looks into it
            std::mt19937_64 chance{first};
            std::cout << changed(kept, chance) << std::endl;
        }
        by_chance(name, target, kept, first, last);
        inputs += last - first;
    }
    std::cout << targets().size() << " targets, " << inputs << (random ? " inputs made by chance\n" : " kept inputs\n");
    return 0;
}
