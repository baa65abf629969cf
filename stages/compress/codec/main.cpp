// SPDX-License-Identifier: GPL-3.0-or-later
// A codec program: one order on stdin, one answer on stdout, one file in between, walls around it. `--check [no-landlock] [no-seccomp]` tells
// which walls stand, and tries them.

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <new>

#include "stages/compress/codec/craft.h"
#include "stages/compress/codec/voice.h"
#include "stages/compress/codec/walls.h"

namespace mediaferry::stages {
namespace {

Answer failed(Answer::Outcome outcome, Reason reason) {
    Answer answer;
    answer.outcome = outcome;
    answer.reason = std::move(reason);
    return answer;
}

Answer answer_to(const Order& order) {
    try {
        close_walls(order.limits);
        Answer answer;
        answer.result = order.small >= 0 ? craft::look(order) : craft::make(order);
        answer.outcome = answer.result.kept ? Answer::Outcome::kept : Answer::Outcome::made;
        return answer;
    } catch (const craft::Elsewhere&) {
        return failed(Answer::Outcome::elsewhere, {});
    } catch (const BadInput& error) {
        return failed(Answer::Outcome::broken, error.reason());
    } catch (const NeedsPerson& error) {
        return failed(Answer::Outcome::person, error.reason());
    } catch (const Error& error) {
        return failed(Answer::Outcome::failed, error.reason());
    } catch (const std::bad_alloc&) {
        return failed(Answer::Outcome::broken, {"codec.memory", "it asks for more memory than a file is allowed (compress.memory)"});
    } catch (const std::exception& error) {
        return failed(Answer::Outcome::broken, {"codec.failed", std::string("its codec gave up: ") + error.what()});
    }
}

int check(const std::vector<std::string>& words) {
    craft::prepare();
    Limits limits;
    limits.landlock = std::ranges::find(words, "no-landlock") == words.end();
    limits.seccomp = std::ranges::find(words, "no-seccomp") == words.end();
    const int room = ::memfd_create("room", MFD_CLOEXEC);
    WallReport report;
    report.missing = close_walls(limits);
    report.open = open_doors(limits, room);
    report.library = craft::library();
    say(to_json(report));
    return 0;
}

int work() {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    const auto order = order_from(text);
    craft::prepare();
    say(to_json(answer_to(order)));
    return 0;
}

}  // namespace
}  // namespace mediaferry::stages

int main(int count, char** words) {
    using namespace mediaferry;
    int code = 70;
    try {
        stages::keep_stdout_for_the_answer();
        const std::vector<std::string> given{words + 1, words + count};
        code = !given.empty() && given[0] == "--check" ? stages::check(given) : stages::work();
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        code = 69;  // before the first untrusted byte: the installation is to blame, not the file
    }
    // Not return: what libraries do at the end is theirs to get wrong, and the answer is given.
    ::_exit(code);
}
