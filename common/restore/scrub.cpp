// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/restore/scrub.h"

#include <algorithm>

#include "common/archive/settle.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"

namespace mediaferry::restore {
namespace {

using media_db::Copy;
using media_db::MediaItem;

bool is_archived_once_more(media_db::MediaDb& db, MediaId id) {
    const auto steps = media_db::Conveyor{db}.steps(id);
    return std::ranges::any_of(steps, [](const auto& step) { return step.stage == "nas_archive" && step.status != pipeline::StepStatus::done; });
}

/// The copy that counts, else the last one that was lost; nullopt: never archived, or taken from the NAS on purpose (nothing waits to be done then).
std::optional<Copy> nas_copy_of(media_db::MediaDb& db, MediaId id) {
    std::optional<Copy> found;
    for (auto& copy : media_db::Evidence{db}.of(id))
        if (copy.place == Place::nas && (!found || !copy.removed || found->removed)) found = std::move(copy);
    return found && found->removed && !is_archived_once_more(db, id) ? std::nullopt : found;
}

Timestamp last_read(const Copy& copy) { return copy.removed ? Timestamp{} : copy.checked.value_or(copy.written); }

class Scrubber {
public:
    Scrubber(media_db::MediaDb& db, const config::Settings& settings, const Clock& clock, archive::Archive& archive, const ScrubWanted& wanted)
        : db_(db), settings_(settings), clock_(clock), archive_(archive), wanted_(wanted) {}

    Scrub operator()() {
        const auto turn = whose_turn();
        for (std::size_t i = 0; i < turn.size(); ++i) {
            if (wanted_.stop && wanted_.stop()) throw Interrupted{"interrupted", "asked to stop"};
            if (wanted_.progress) wanted_.progress(static_cast<std::int64_t>(i), static_cast<std::int64_t>(turn.size()));
            const auto item = media_db::Catalogue{db_}.item(turn[i]);
            if (!item) continue;
            on_nas(*item);
            at_home(turn[i]);
        }
        return std::move(result_);
    }

private:
    /// Only numbers and times are kept of a million files.
    std::vector<MediaId> whose_turn() {
        std::vector<std::pair<Timestamp, MediaId>> all;
        constexpr std::size_t page_size = 500;
        for (MediaId at{0};;) {
            const auto page = media_db::Catalogue{db_}.items_after(at, page_size);
            if (page.empty()) break;
            at = page.back().id;
            for (const auto& item : page)
                if (const auto copy = nas_copy_of(db_, item.id)) all.emplace_back(last_read(*copy), item.id);
        }
        result_.archived = static_cast<std::int64_t>(all.size());
        const auto before = clock_.now() - wanted_.older_than.value_or(std::chrono::seconds{0});
        if (wanted_.older_than) std::erase_if(all, [&](const auto& one) { return one.first > before; });
        std::ranges::sort(all);
        std::vector<MediaId> turn;
        const auto share = (all.size() * static_cast<std::size_t>(wanted_.percent) + 99) / 100;
        for (std::size_t i = 0; i < share; ++i) turn.push_back(all[i].second);
        return turn;
    }

    void on_nas(const MediaItem& item) {
        const auto copy = nas_copy_of(db_, item.id);
        if (!copy) return;
        ++result_.read;
        std::optional<Reason> reason;
        if (copy->removed) {
            reason = Reason{"nas.missing", copy->path.string() + " was found bad or missing earlier, and no new copy was made yet"};
        } else {
            reason = archive::read_again(archive_, db_, item, *copy, clock_.now(), settings_.archive.settle, wanted_.stop);
            result_.bytes += item.size;
        }
        if (!reason) {
            ++result_.good;
            return;
        }
        Finding finding{item.id, item.filename, "nas", copy->path, *reason, {}, {}};
        if (reason->code == "nas.missing" || reason->code == "nas.damaged")
            heal(finding, [&](Healer& healer) { return healer.nas_copy(item, copy->path); });
        report(std::move(finding));
    }

    /// The same file where it lies at home, as media.db has it now: a stage may be moving it. Each place is looked at whatever the other one says.
    void at_home(MediaId id) {
        const auto item_now = media_db::Catalogue{db_}.item(id).value();
        result_.at_home += (item_now.local_path ? 1 : 0) + (media_db::Evidence{db_}.current(id, Place::library) ? 1 : 0);
        for (const auto look : {&Scrubber::look_at_original, &Scrubber::look_at_small_copy}) {
            if (!(this->*look)(id)) continue;
            auto finding = (this->*look)(id);  // twice the same answer, or it was on its way
            if (!finding) continue;
            heal(*finding, [&](Healer& healer) {
                const auto item = media_db::Catalogue{db_}.item(id).value();
                return finding->place == "local" ? healer.original(item)
                                                 : healer.small_copy(item, media_db::Evidence{db_}.current(id, Place::library).value());
            });
            report(std::move(*finding));
        }
    }

    std::optional<Finding> look_at_original(MediaId id) {
        const auto item = media_db::Catalogue{db_}.item(id).value();
        if (!item.local_path || !at_rest(id)) return std::nullopt;
        auto reason = wrong(*item.local_path, item.sha256, "the original");
        if (!reason) return std::nullopt;
        return Finding{id, item.filename, "local", *item.local_path, *reason, {}, {}};
    }

    std::optional<Finding> look_at_small_copy(MediaId id) {
        const auto small = media_db::Evidence{db_}.current(id, Place::library);
        if (!small || !at_rest(id)) return std::nullopt;
        const auto path = settings_.folders.library / small->path;
        auto reason = wrong(path, small->sha256, "the copy in the library");
        if (!reason) return std::nullopt;
        return Finding{id, media_db::Catalogue{db_}.item(id).value().filename, "library", path, *reason, {}, {}};
    }

    bool at_rest(MediaId id) const {
        return std::ranges::none_of(media_db::Conveyor{db_}.steps(id), [](const auto& step) { return step.status == pipeline::StepStatus::running; });
    }

    std::optional<Reason> wrong(const fs::path& path, const Sha256& wanted, const std::string& what) {
        if (fs::symlink_status(path).type() == fs::file_not_found) return Reason{"local.missing", what + " is missing: " + path.string()};
        try {
            const auto reading = files::read_back(files::Tree::open(path.parent_path()), path.filename(), wanted_.stop);
            if (reading.digests.sha256 == wanted) return std::nullopt;
            return Reason{"local.damaged", what + " has other bytes than it had: " + path.string()};
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            return Reason{error.code(), what + " cannot be read: " + full_message(error)};
        }
    }

    template <class Work>
    void heal(Finding& finding, Work&& work) {
        if (!wanted_.healer) return;
        try {
            finding.healed = files::in_our_words([&] { return work(wanted_.healer()); });
        } catch (const Interrupted&) {
            throw;
        } catch (const Unavailable&) {
            throw;
        } catch (const Error& error) {
            finding.not_healed = Reason{error.code(), full_message(error)};
        }
    }

    void report(Finding finding) {
        if (finding.healed) ++result_.healed;
        if (wanted_.found) wanted_.found(finding);
        result_.findings.push_back(std::move(finding));
    }

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    const Clock& clock_;
    archive::Archive& archive_;
    const ScrubWanted& wanted_;
    Scrub result_;
};

}  // namespace

Scrub scrub(media_db::MediaDb& db, const config::Settings& settings, const Clock& clock, archive::Archive& archive, const ScrubWanted& wanted) {
    return Scrubber{db, settings, clock, archive, wanted}();
}

}  // namespace mediaferry::restore
