// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>

#include "common/archive/known.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "common/media_db/runs.h"
#include "daemon/blockers.h"
#include "daemon/status_report.h"
#include "stages/house.h"

namespace mediaferry::daemon {

namespace {

using media_db::Copy;
using media_db::MediaItem;

constexpr std::size_t kShown = 20;

bool nas_proven(const Copy& copy) { return copy.proof == "read_back" || copy.proof == "settled"; }

class Auditor {
public:
    Auditor(media_db::MediaDb& db, const config::Settings& settings, bool offline, Timestamp now)
        : db_(db), settings_(settings), offline_(offline), now_(now) {
        add("I1", "an asset was deleted from iCloud only with every resource matched and proven in every required harbour");
        add("I2", "what counts as on the NAS was read back, is the right content, and is there");
        add("I3", "what counts as at Google reached the proof level asked for");
        add("I4", "no file lies where another one was written");
        add("I5", "a local original is there, or its content is proven on the NAS");
        add("I6", "a small copy was decoded, is smaller, and is there");
        add("I7", "every file is done, waiting or needs a person, with a reason");
        add("I8", "every file's history is told, and the chain of events is whole");
        add("I9", "media.db and the secrets are readable by their owner only");
        add("I10", "nothing was taken in, copied or sent twice");
        if (!offline_) open_nas();
    }

    Audit run() {
        std::int64_t all = 0;
        for (const auto& row : media_db::Reports{db_}.by_status()) all += row.files;
        const media_db::Catalogue catalogue{db_};
        // Rows are never removed: ids are dense, and a read by id needs no list of a million files in memory.
        for (std::int64_t id = 1, seen = 0; seen < all; ++id)
            if (const auto item = catalogue.item(MediaId{id})) {
                ++seen;
                check(*item);
            } else if (id > all * 10 + 1'000'000) {
                violated("I7", "files are counted that have no row");
                break;
            }
        check_chain();
        check_modes();
        Audit result{{}, not_asked_};
        for (const auto& name : order_) result.invariants.push_back(rows_.at(name));
        return result;
    }

private:
    void add(const std::string& name, const std::string& promise) {
        rows_[name] = {name, promise};
        order_.push_back(name);
    }
    void checked(const std::string& name) { ++rows_.at(name).checked; }
    void violated(const std::string& name, const std::string& sentence) {
        auto& row = rows_.at(name);
        ++row.violations;
        if (row.first.size() < kShown) row.first.push_back(sentence);
    }
    void expect(bool holds, const std::string& name, const std::string& sentence) {
        checked(name);
        if (!holds) violated(name, sentence);
    }
    static std::string say(const MediaItem& item, const std::string& what) {
        return std::to_string(item.id.value) + " " + item.filename + ": " + what;
    }

    void open_nas() {
        if (!settings_.archive.enabled) return;
        try {
            const auto archive = archive::Archive::open(settings_.archive, archive::known_uuid(db_));
            archive.check_identity();
            nas_ = files::Tree::open(settings_.archive.root);
        } catch (const Error& error) {
            not_asked_ = "the NAS was not looked at: " + full_message(error);
        }
    }

    void check(const MediaItem& item) {
        const auto copies = media_db::Evidence{db_}.of(item.id);
        const auto nas = newest(copies, Place::nas), pixel = newest_pixel(copies);
        check_nas(item, nas);
        if (item.synced_google)
            expect(
                pixel && proof_rank(pixel->proof) >= proof_rank(std::string{config::to_text(settings_.pixel.proof)}) && pixel->sha256 == item.sha256,
                "I3", say(item, "counts as at Google without such a proof"));
        check_local(item, nas);
        check_library(item, newest(copies, Place::library));
        check_steps(item);
        expect(!media_db::Events{db_}.of(item.id).empty(), "I8", say(item, "has no history"));
        for (const auto place : {Place::nas, Place::pixel, Place::library})
            expect(std::ranges::count_if(copies, [&](const Copy& copy) { return copy.place == place && !copy.removed; }) <= 1, "I10",
                   say(item, "has several copies in " + std::string{to_text(place)}));
        if (item.asset && assets_.insert(*item.asset).second) check_asset(*item.asset);
    }

    static std::optional<Copy> newest(const std::vector<Copy>& copies, Place place) {
        std::optional<Copy> found;
        for (const auto& copy : copies)
            if (copy.place == place && !copy.removed) found = copy;
        return found;
    }
    /// A freed copy is gone from the phone, and that is its proof.
    static std::optional<Copy> newest_pixel(const std::vector<Copy>& copies) {
        std::optional<Copy> found;
        for (const auto& copy : copies)
            if (copy.place == Place::pixel && (!found || proof_rank(copy.proof) >= proof_rank(found->proof))) found = copy;
        return found;
    }

    void check_nas(const MediaItem& item, const std::optional<Copy>& nas) {
        if (!item.synced_nas) return;
        expect(nas && nas_proven(*nas) && nas->sha256 == item.sha256 && nas->size == item.size, "I2",
               say(item, "counts as on the NAS without a proof of these bytes"));
        if (!nas) return;
        for (const auto& other : media_db::Evidence{db_}.at_path(Place::nas, nas->path))
            expect(other.removed || other.sha256 == nas->sha256, "I4", say(item, "shares " + nas->path.string() + " on the NAS with other content"));
        if (!nas_) return;
        const auto status = nas_->status(nas->path);
        expect(status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == nas->size.count, "I2",
               say(item, nas->path.string() + " is missing on the NAS, or has another size"));
    }

    void check_local(const MediaItem& item, const std::optional<Copy>& nas) {
        if (!item.local_path)
            return expect(nas && nas_proven(*nas) && nas->sha256 == item.sha256, "I5", say(item, "the original is gone and not proven on the NAS"));
        if (offline_) return;
        struct stat status {};
        const bool there = ::lstat(item.local_path->c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                           static_cast<std::uint64_t>(status.st_size) == item.size.count;
        expect(there, "I5", say(item, "the original is missing or has another size: " + item.local_path->string()));
    }

    void check_library(const MediaItem& item, const std::optional<Copy>& copy) {
        if (!copy) return;
        const bool same = copy->sha256 == item.sha256;
        expect(same || (copy->proof == "decoded" && copy->size < item.size), "I6",
               say(item, "its small copy was not proven to decode, or is not smaller"));
        if (offline_) return;
        boost::system::error_code error;
        const auto size = fs::file_size(settings_.folders.library / copy->path, error);
        expect(!error && size == copy->size.count, "I6", say(item, "its copy in the library is missing or has another size: " + copy->path.string()));
    }

    void check_steps(const MediaItem& item) {
        const auto steps = media_db::Conveyor{db_}.steps(item.id);
        for (const auto& step : stages::house())
            if (step.has_rows)
                expect(std::ranges::find(steps, step.stage, &media_db::StepRow::stage) != steps.end(), "I7",
                       say(item, "has no step for " + std::string{step.stage}));
        for (const auto& step : steps) {
            using enum pipeline::StepStatus;
            if (step.status == attention)
                expect(step.reason && !step.reason->text.empty(), "I7", say(item, step.stage + " needs a person and says no reason"));
            if (step.status == pending && step.open && step.not_before > now_)
                expect(step.reason.has_value(), "I7", say(item, step.stage + " waits and says no reason"));
            if (step.status == running)
                expect(held_by_somebody(step.stage), "I7", say(item, step.stage + " is held by a process that is gone (its next run takes it back)"));
        }
    }

    bool held_by_somebody(const std::string& stage) {
        return std::ranges::any_of(media_db::Runs{db_}.open(stage), [](const auto& run) { return process_exists(run.pid); });
    }

    void check_asset(AssetId id) {
        const media_db::Catalogue catalogue{db_};
        const auto asset = catalogue.asset(id);
        if (!asset || !asset->deleted) return;
        const auto items = catalogue.items_of(id);
        for (const auto& resource : catalogue.resources(id)) {
            const auto found = std::ranges::find_if(items, [&](const MediaItem& item) { return item.apple_checksum == resource.checksum; });
            const std::string what = asset->filename + ": its " + std::string{to_text(resource.kind)};
            if (found == items.end()) {
                expect(false, "I1", what + " was never here");
                continue;
            }
            const auto copies = media_db::Evidence{db_}.of(found->id);
            if (settings_.icloud_delete.requires_nas()) {
                const auto nas = newest(copies, Place::nas);
                expect(nas && nas->proof == "settled" && nas->sha256 == found->sha256, "I1", what + " is not proven twice on the NAS");
            }
            const auto& sent = settings_.pixel.kinds;
            if (settings_.icloud_delete.requires_google() && std::ranges::find(sent, found->kind) != sent.end()) {
                const auto pixel = newest_pixel(copies);
                expect(pixel && proof_rank(pixel->proof) >= proof_rank(std::string{config::to_text(settings_.icloud_delete.google_proof)}), "I1",
                       what + " is not proven at Google");
            }
        }
        for (const auto& item : items) expect(item.deleted_icloud, "I1", say(item, "is deleted from iCloud and not marked so"));
    }

    void check_chain() {
        rows_.at("I8").checked += media_db::Events{db_}.count();
        if (const auto broken = media_db::Events{db_}.broken_at())
            violated("I8", "event " + std::to_string(*broken) + " does not follow from the one before");
    }

    void check_modes() {
        struct stat status {};
        const auto only_ours = [&](const fs::path& path) { return ::stat(path.c_str(), &status) != 0 || (status.st_mode & 0007) == 0; };
        expect(only_ours(settings_.database), "I9", settings_.database.string() + " can be read by everybody");
        expect(only_ours(settings_.icloud.cookie_directory), "I9", settings_.icloud.cookie_directory.string() + " can be read by everybody");
        for (const auto& warning : settings_.warnings) expect(false, "I9", warning);
    }

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    bool offline_;
    Timestamp now_;
    std::optional<files::Tree> nas_;
    std::string not_asked_;
    std::map<std::string, Invariant> rows_;
    std::vector<std::string> order_;
    std::set<AssetId> assets_;
};

}  // namespace

bool Audit::holds() const {
    return not_asked.empty() && std::ranges::all_of(invariants, [](const Invariant& row) { return row.violations == 0; });
}

Audit audit(media_db::MediaDb& db, const config::Settings& settings, bool offline, Timestamp now) {
    return Auditor{db, settings, offline, now}.run();
}

}  // namespace mediaferry::daemon
