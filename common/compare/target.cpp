// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/compare/target.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace mediaferry::compare {

namespace {

using std::chrono::year_month_day;

bool same_time(std::int64_t a, std::int64_t b) {
    constexpr std::int64_t second = 1'000'000'000, tolerance = 2 * second, hour = 3600 * second;
    const std::int64_t apart = a > b ? a - b : b - a;
    return apart <= tolerance || (apart >= hour - tolerance && apart <= hour + tolerance);
}

bool is_proven(Match match, const std::optional<File>& archive) { return match == Match::same && archive && archive->settled; }

/// "2026-02-12" at this place of the text.
std::optional<year_month_day> date_at(std::string_view text) {
    constexpr std::size_t length = 10;
    if (text.size() < length) return std::nullopt;
    int numbers[3] = {0, 0, 0};
    int part = 0;
    for (std::size_t i = 0; i < length; ++i) {
        const char c = text[i];
        if (i == 4 || i == 7) {
            if (c != '-' && c != '_' && c != '.') return std::nullopt;
            ++part;
        } else if (c >= '0' && c <= '9') {
            numbers[part] = numbers[part] * 10 + (c - '0');
        } else {
            return std::nullopt;
        }
    }
    if (text.size() > length && std::isdigit(static_cast<unsigned char>(text[length])) != 0) return std::nullopt;
    const year_month_day date{std::chrono::year{numbers[0]}, std::chrono::month{static_cast<unsigned>(numbers[1])},
                              std::chrono::day{static_cast<unsigned>(numbers[2])}};
    const bool believable = date.ok() && numbers[0] >= 1826 && numbers[0] <= 2999;  // the first photograph
    return believable ? std::optional{date} : std::nullopt;
}

std::string count_of(std::int64_t files) { return std::to_string(files) + (files == 1 ? " file " : " files "); }

}  // namespace

Match judge(const std::optional<File>& local, const std::optional<File>& archive) {
    if ((local && !local->readable) || (archive && !archive->readable) || (!local && !archive)) return Match::unknown;
    if (!archive) return Match::only_local;
    if (!local) return Match::only_archive;
    if (local->size != archive->size) return Match::differs;
    if (local->sha256 && archive->sha256) return *local->sha256 == *archive->sha256 ? Match::same : Match::differs;
    return same_time(local->modified_ns, archive->modified_ns) ? Match::presumed : Match::differs;
}

void Target::add(Match match, const std::optional<File>& here, const std::optional<File>& there, bool leave_out) {
    if (here && here->readable) local.add(here->size);
    if (there && there->readable) archive.add(there->size);
    if (there && there->ours) ++ours;
    for (const auto& side : {here, there}) {
        if (!side || !side->readable) continue;
        const auto time =
            std::chrono::floor<std::chrono::seconds>(std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::nanoseconds{side->modified_ns}});
        newest = std::max(newest.value_or(time), time);
    }
    if (match == Match::unknown) return unknown.add({});  // whatever its class: a verdict about the folder would be a guess
    const Bytes size = there ? there->size : here->size;
    if (leave_out) {
        left_out.add(size);
        if (here && !is_proven(match, there)) ++unproven_left_out;
        return;
    }
    switch (match) {
        case Match::same:
            same.add(size);
            if (!is_proven(match, there)) ++unsettled;
            break;
        case Match::presumed: presumed.add(size); break;
        case Match::differs: differs.add(size); break;
        case Match::only_local: only_local.add(here->size); break;
        case Match::only_archive: only_archive.add(size); break;
        case Match::unknown: break;
    }
}

std::optional<year_month_day> Target::recent() const {
    if (named) return named;
    if (!newest) return std::nullopt;
    return civil_date(*newest);
}

Status status_of(const Target& target) {
    if (target.unknown.files > 0) return Status::unknown;
    const auto on_both = target.same.files + target.presumed.files + target.differs.files;
    if (target.differs.files > 0) return Status::local_differs;
    if (target.only_archive.files > 0) return on_both + target.only_local.files == 0 ? Status::not_pulled : Status::partially_pulled;
    if (target.only_local.files > 0) return on_both == 0 ? Status::not_pushed : Status::partially_pushed;
    return Status::up_to_date;
}

std::optional<Reason> what_blocks_deletion(const Target& target) {
    if (target.unknown.files > 0) return Reason{"compare.unreadable", count_of(target.unknown.files) + "or folders cannot be read or are links"};
    if (target.local.files == 0) return Reason{"compare.nothing_local", "nothing of it lies here"};
    if (target.only_local.files > 0) return Reason{"compare.not_on_nas", count_of(target.only_local.files) + "not on the NAS"};
    if (target.differs.files > 0) return Reason{"compare.differs", count_of(target.differs.files) + "different on the NAS"};
    if (target.presumed.files > 0)
        return Reason{"compare.not_by_hash", count_of(target.presumed.files) + "equal by size and time only; --checksum tells"};
    if (target.unsettled > 0)
        return Reason{"compare.unsettled",
                      count_of(target.unsettled) + "on the NAS not yet read back after archive.settle; `mediaferry archive verify`"};
    if (target.unproven_left_out > 0)
        return Reason{"compare.left_out", count_of(target.unproven_left_out) + "of a class that was left out, not proven on the NAS"};
    return std::nullopt;
}

Action recommended(const Target& target, View view) {
    const auto status = status_of(target);
    if (status == Status::unknown || status == Status::local_differs) return Action::none;
    if (view == View::pull && target.only_archive.files > 0) return Action::pull;
    if (target.only_local.files > 0) return Action::push;
    const bool all_here_by_hash = target.same.files > 0 && target.presumed.files == 0 && target.only_archive.files == 0 && target.left_out.files == 0;
    if (view == View::pull && target.transit && target.ours == 0 && all_here_by_hash) return Action::trash;
    return Action::none;
}

std::string_view to_text(Status status) {
    switch (status) {
        case Status::not_pulled: return "Not pulled";
        case Status::partially_pulled: return "Partially pulled";
        case Status::local_differs: return "Local differs";
        case Status::up_to_date: return "Up to date";
        case Status::not_pushed: return "Not on NAS";
        case Status::partially_pushed: return "Partially on NAS";
        case Status::unknown: break;
    }
    return "Unknown";
}

std::string_view word_of(Status status) {
    switch (status) {
        case Status::not_pulled: return "not_pulled";
        case Status::partially_pulled: return "partially_pulled";
        case Status::local_differs: return "local_differs";
        case Status::up_to_date: return "up_to_date";
        case Status::not_pushed: return "not_pushed";
        case Status::partially_pushed: return "partially_pushed";
        case Status::unknown: break;
    }
    return "unknown";
}

std::string_view to_text(Action action) {
    switch (action) {
        case Action::pull: return "Pull to Local";
        case Action::push: return "Push to NAS";
        case Action::trash: return "Delete on NAS (_Trash)";
        case Action::none: break;
    }
    return "No action";
}

std::string_view word_of(Action action) {
    switch (action) {
        case Action::pull: return "pull";
        case Action::push: return "push";
        case Action::trash: return "trash";
        case Action::none: break;
    }
    return "none";
}

std::string_view to_text(Match match) {
    switch (match) {
        case Match::same: return "same";
        case Match::presumed: return "presumed";
        case Match::differs: return "differs";
        case Match::only_local: return "only_local";
        case Match::only_archive: return "only_archive";
        case Match::unknown: break;
    }
    return "unknown";
}

std::string_view target_of(std::string_view path, int depth) {
    std::size_t end = 0;
    for (int level = 0; level < depth; ++level) {
        const auto slash = path.find('/', end == 0 ? 0 : end + 1);
        if (slash == std::string_view::npos) break;
        end = slash;
    }
    return end == 0 ? std::string_view{"."} : path.substr(0, end);
}

std::optional<year_month_day> date_in(std::string_view text) {
    std::optional<year_month_day> newest;
    for (std::size_t at = 0; at + 10 <= text.size(); ++at) {
        if (at > 0 && std::isdigit(static_cast<unsigned char>(text[at - 1])) != 0) continue;
        const auto date = date_at(text.substr(at));
        if (date && (!newest || *date > *newest)) newest = date;
    }
    return newest;
}

}  // namespace mediaferry::compare
