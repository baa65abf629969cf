#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Two sides, each read once in the order of paths, merged into targets. Nothing is written on either side; memory is one directory a level
// and one row a target, however many files there are.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/compare/rules.h"
#include "common/compare/target.h"

namespace mediaferry::compare {

struct Entry {
    std::string_view path;  ///< relative, valid until the next one is asked for
    File file;
};

/// One side, in the order of whole paths as bytes.
class Side {
public:
    virtual ~Side() = default;
    virtual const Entry* next() = 0;  ///< nullptr: no more
    /// Content of the entry given last, read now; nullopt: it cannot be read.
    virtual std::optional<Sha256> hash_of(const Entry&) = 0;
};

struct Asked {
    int depth = 2;
    RuleSet rules;
    std::vector<FileClass> classes;
    std::vector<std::string> left_out;  ///< names of classes
    std::vector<std::string> transit;   ///< patterns of targets that only pass through the NAS
    bool checksum = false;              ///< where both sides have a file of one size, its hashes are taken if they are not known
};

/// One file as judged: what an action would do it to.
struct Judged {
    std::string_view path;
    std::string_view target;
    std::string_view file_class;
    bool left_out = false;
    Match match = Match::unknown;
    const File* local = nullptr;
    const File* archive = nullptr;
};

struct Result {
    std::vector<Target> targets;  ///< by name
    std::int64_t files = 0;       ///< looked at, both sides together
    std::int64_t hashed = 0;
};
/// `each` is told every file, in order: queue plans its copies from it. `stop` true throws Interrupted.
Result compare(Side& local, Side& archive, const Asked&, const std::function<void(const Judged&)>& each = {}, const std::function<bool()>& stop = {});

/// Newest first by Target::recent(); those without a date last.
void sort_recent(std::vector<Target>&);

}  // namespace mediaferry::compare
