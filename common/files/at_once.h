#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Work on several files that mostly waits for the storage, some at a time.

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace mediaferry::files {

/// `work(0)`, `work(1)`, … below `count`; with `threads` some at a time: flushes that meet are one commit of the file system. What one throws ends
/// it, and is thrown here when all have stopped.
template <class Work>
void at_once(std::size_t count, bool threads, const Work& work) {
    constexpr std::size_t workers = 4;
    std::atomic<std::size_t> next{0};
    std::exception_ptr ended;
    std::mutex ending;
    const auto run = [&] {
        try {
            for (auto at = next++; at < count; at = next++) work(at);
        } catch (...) {
            const std::scoped_lock lock{ending};
            ended = std::current_exception();
            next = count;
        }
    };
    {
        std::vector<std::jthread> others;
        for (std::size_t i = 1; threads && i < std::min(workers, count); ++i) others.emplace_back(run);
        run();
    }
    if (ended) std::rethrow_exception(ended);
}

}  // namespace mediaferry::files
