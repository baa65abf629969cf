// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_ledger.h"

#include <algorithm>
#include <utility>

namespace mediaferry::daemon {

namespace {

constexpr std::size_t kKept = 1000;

const std::vector<std::pair<std::string, std::string>>& promises() {
    static const std::vector<std::pair<std::string, std::string>> rows{
        {"I1", "an asset was deleted from iCloud only with every resource matched and proven in every required harbour"},
        {"I2", "what counts as on the NAS was read back, is the right content, and is there"},
        {"I3", "what counts as at Google reached the proof level asked for"},
        {"I4", "no file lies where another one was written"},
        {"I5", "a local original is there, or its content is proven on the NAS"},
        {"I6", "a small copy was decoded, is smaller, and is there"},
        {"I7", "every file is done, waiting or needs a person, with a reason"},
        {"I8", "every file's history is told, and the chain of events is whole"},
        {"I9", "media.db and the secrets are readable by their owner only, and no secret is where it must not be"},
        {"I10", "nothing was taken in, copied, sent or deleted twice"},
    };
    return rows;
}

}  // namespace

void Ledger::write(bool holds, const std::string& invariant, const Violation& violation) {
    auto& row = rows_[invariant];
    ++row.checked;
    if (holds) return;
    ++row.violations;
    if (row.first.size() < kKept) row.first.push_back(violation);
}

void Ledger::unreached(const Unreached& one) {
    const auto known = std::ranges::any_of(unreached_, [&](const Unreached& other) { return other.part == one.part && other.code == one.code; });
    if (!known) unreached_.push_back(one);
}

bool Ledger::clean() const {
    return std::ranges::all_of(rows_, [](const auto& row) { return row.second.violations == 0; });
}

void Ledger::add(const Ledger& other) {
    for (const auto& [name, more] : other.rows_) {
        auto& row = rows_[name];
        row.checked += more.checked;
        row.violations += more.violations;
        for (const auto& violation : more.first)
            if (row.first.size() < kKept) row.first.push_back(violation);
    }
    for (const auto& one : other.unreached_) unreached(one);
}

std::vector<Invariant> Ledger::invariants() const {
    std::vector<Invariant> result;
    for (const auto& [name, promise] : promises()) {
        const auto found = rows_.find(name);
        result.push_back(found == rows_.end() ? Invariant{} : found->second);
        result.back().name = name;
        result.back().promise = promise;
    }
    return result;
}

}  // namespace mediaferry::daemon
