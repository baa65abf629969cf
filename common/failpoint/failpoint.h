#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A name for every step that changes something, so that a test can have the process die exactly there. Compiled into test builds only
// (MEDIAFERRY_FAILPOINTS); elsewhere the macros leave the bare call, and no name is in the binary. `mediaferry failpoints` lists them all.
//
//   MEDIAFERRY_FAILPOINT=name[:k]=kill|throw   the k-th time (the first) that this process comes there
//   MEDIAFERRY_FAILPOINT_LOG=file              every name that was passed is appended
//
//   MF_AROUND("files.rename", ::renameat2(…))            the call, between files.rename.before and files.rename.after
//   Transaction t{db, MF_COMMIT("catalogue.take_in")};   the same around its commit
//   MF_FAILPOINT("delete.asked")                         one place by itself

namespace mediaferry::failpoint {

/// What stands at the two ends of a step that another function takes. Empty in release builds.
struct Step {
    using Reach = void (*)();
    Reach before = nullptr, after = nullptr;
    void begins() const {
        if (before) before();
    }
    void ended() const {
        if (after) after();
    }
};

}  // namespace mediaferry::failpoint

#ifndef MEDIAFERRY_FAILPOINTS

#define MF_FAILPOINT(name) static_cast<void>(0)
#define MF_AROUND(name, ...) (__VA_ARGS__)
#define MF_COMMIT(name) (::mediaferry::failpoint::Step{})

#else

#include <atomic>
#include <type_traits>
#include <utility>
#include <vector>

namespace mediaferry::failpoint {

struct Place {
    const char* name;
    const char* side;  ///< "before", "after" or "at"
    const char* what;  ///< the step, as the source has it
    const char* file;
    int line;
};

/// Whether the environment asks for anything. Read once, as the library is loaded.
extern const bool watched;

/// One named place. All of them are made as the program, or a module, is loaded: the list is complete before anything runs.
class Point {
public:
    explicit Point(Place);
    void reach() {
        if (watched) look();
    }

private:
    void look();
    Place place_;
    std::atomic<long> passed_{0};
};

/// Every place of what is loaded, by name.
std::vector<Place> places();

template <class Here>
struct Named {
    inline static Point point{Here::place()};
    static void reach() { point.reach(); }
};

template <class Before, class After, class Work>
decltype(auto) around(Work&& work) {
    Before::reach();
    if constexpr (std::is_void_v<decltype(work())>) {
        work();
        After::reach();
    } else {
        decltype(auto) result = work();
        After::reach();
        return result;
    }
}

}  // namespace mediaferry::failpoint

// A local class has its place as a constant, so that the Point that belongs to it exists from the start, and not only once the line was run.
#define MF_PLACE_(type, name, side, what)                                                                          \
    struct type {                                                                                                  \
        static constexpr ::mediaferry::failpoint::Place place() { return {name, side, what, __FILE__, __LINE__}; } \
    }
#define MF_FAILPOINT(name)                             \
    [] {                                               \
        MF_PLACE_(Here, name, "at", "");               \
        ::mediaferry::failpoint::Named<Here>::reach(); \
    }()
#define MF_AROUND(name, ...)                                                                                                   \
    [&]() -> decltype(auto) {                                                                                                  \
        MF_PLACE_(Before, name ".before", "before", #__VA_ARGS__);                                                             \
        MF_PLACE_(After, name ".after", "after", #__VA_ARGS__);                                                                \
        return ::mediaferry::failpoint::around<::mediaferry::failpoint::Named<Before>, ::mediaferry::failpoint::Named<After>>( \
            [&]() -> decltype(auto) { return __VA_ARGS__; });                                                                  \
    }()
#define MF_COMMIT(name)                                                                                                                      \
    [] {                                                                                                                                     \
        MF_PLACE_(Before, name ".commit.before", "before", "the commit");                                                                    \
        MF_PLACE_(After, name ".commit.after", "after", "the commit");                                                                       \
        return ::mediaferry::failpoint::Step{&::mediaferry::failpoint::Named<Before>::reach, &::mediaferry::failpoint::Named<After>::reach}; \
    }()

#endif
