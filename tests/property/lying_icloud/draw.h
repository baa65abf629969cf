#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Chance from a seed, the same on every machine.

#include <cstdint>
#include <string>

namespace mediaferry::lying {

class Draw {
public:
    explicit Draw(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {  // splitmix64
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    /// 0 … below-1
    std::uint32_t below(std::uint32_t below) { return static_cast<std::uint32_t>(next() % below); }
    bool one_in(std::uint32_t n) { return below(n) == 0; }
    std::string bytes(std::size_t count) {
        std::string out(count, '\0');
        for (auto& byte : out) byte = static_cast<char>(next() & 0xff);
        return out;
    }

private:
    std::uint64_t state_;
};

}  // namespace mediaferry::lying
