// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/compare/compare.h"

#include <algorithm>
#include <map>

#include "common/errors/errors.h"

namespace mediaferry::compare {

namespace {

/// Passes over what the rules leave out.
const Entry* advance(Side& side, const RuleSet& rules) {
    for (;;) {
        const auto* entry = side.next();
        if (!entry || rules.takes(entry->path)) return entry;
    }
}

/// Targets by name; files of one mostly follow each other.
class Targets {
public:
    explicit Targets(const Asked& asked) : asked_(asked) {}

    Target& of(std::string_view path) {
        const auto name = target_of(path, asked_.depth);
        if (!last_ || last_->name != name) {
            const auto [place, fresh] = targets_.try_emplace(std::string(name));
            last_ = &place->second;
            if (fresh) {
                last_->name = name;
                last_->named = date_in(name);
                last_->transit = matches_any(asked_.transit, name);
            }
        }
        note_folder(path);
        return *last_;
    }

    std::vector<Target> take() {
        std::vector<Target> all;
        for (auto& [name, target] : targets_) all.push_back(std::move(target));
        return all;
    }

private:
    /// A folder below the target may carry a date too: looked at once a folder.
    void note_folder(std::string_view path) {
        const auto slash = path.rfind('/');
        const auto folder = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
        if (folder == folder_) return;
        folder_ = folder;
        if (const auto date = date_in(folder); date && (!last_->named || *date > *last_->named)) last_->named = date;
    }

    const Asked& asked_;
    std::map<std::string, Target, std::less<>> targets_;
    Target* last_ = nullptr;
    std::string folder_;
};

/// Reads what is needed to be sure. Files of two sizes differ without being read.
void learn_hashes(Side& local, Entry& here, Side& archive, Entry& there, Result& result) {
    if (!here.file.readable || !there.file.readable || here.file.size != there.file.size) return;
    const auto learn = [&](Side& side, Entry& entry) {
        if (entry.file.sha256) return;
        entry.file.sha256 = side.hash_of(entry);
        if (!entry.file.sha256) entry.file.readable = false;
        ++result.hashed;
    };
    learn(archive, there);
    learn(local, here);
}

}  // namespace

Result compare(Side& local, Side& archive, const Asked& asked, const std::function<void(const Judged&)>& each, const std::function<bool()>& stop) {
    Result result;
    Targets targets{asked};
    const auto* here = advance(local, asked.rules);
    const auto* there = advance(archive, asked.rules);
    while (here || there) {
        constexpr std::int64_t often = 1024;
        if (stop && result.files % often == 0 && stop()) throw Interrupted{"interrupted", "asked to stop while comparing"};
        const int order = !here ? 1 : !there ? -1 : here->path.compare(there->path);
        std::optional<Entry> mine = order <= 0 ? std::optional{*here} : std::nullopt;
        std::optional<Entry> theirs = order >= 0 ? std::optional{*there} : std::nullopt;
        if (asked.checksum && mine && theirs) learn_hashes(local, *mine, archive, *theirs, result);
        const auto path = mine ? mine->path : theirs->path;
        const auto name = class_of(asked.classes, path);
        const bool leave_out = std::ranges::find(asked.left_out, name) != asked.left_out.end();
        const auto local_file = mine ? std::optional{mine->file} : std::nullopt;
        const auto archive_file = theirs ? std::optional{theirs->file} : std::nullopt;
        const auto match = judge(local_file, archive_file);
        auto& target = targets.of(path);
        target.add(match, local_file, archive_file, leave_out);
        if (each) each({path, target.name, name, leave_out, match, local_file ? &*local_file : nullptr, archive_file ? &*archive_file : nullptr});
        ++result.files;
        if (order <= 0) here = advance(local, asked.rules);
        if (order >= 0) there = advance(archive, asked.rules);
    }
    result.targets = targets.take();
    return result;
}

void sort_recent(std::vector<Target>& targets) {
    std::ranges::stable_sort(targets, [](const Target& a, const Target& b) {
        const auto x = a.recent(), y = b.recent();
        if (!x || !y) return x.has_value() && !y.has_value();
        return *x > *y;
    });
}

}  // namespace mediaferry::compare
