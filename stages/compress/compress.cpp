// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 6: the small copy that stays at home. Comes back when a file ages into its next tier.

#include <sys/resource.h>

#include <algorithm>

#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/stage/stage.h"
#include "stages/compress/library.h"
#include "stages/compress/original.h"
#include "stages/compress/policy.h"
#include "stages/compress/record.h"
#include "stages/compress/tiers.h"
#include "stages/compress/workshop.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;
using media_db::MediaItem;
using stage::Outcome;
using stage::Run;

constexpr std::chrono::hours kAskAgain{1};       // whether the NAS is back
constexpr std::chrono::hours kRemakeAfter{72};  // what was made of a copy is made again once the NAS is back: tried that often

Bytes size_of(const fs::path& file) { return Bytes{fs::file_size(file)}; }

class Compress final : public stage::Stage {
public:
    explicit Compress(const config::Settings& settings) : settings_(settings), workshop_(settings.compress) {}

    Outcome begin(Run& run) override {
        ::setpriority(PRIO_PROCESS, 0, 10);
        fs::create_directories(settings_.folders.library);
        const auto aged = Catalogue(run.db()).reopen_aged(run.now());
        if (aged > 0) log::info("files aged into their next tier", {{"FILES", aged}});
        return stage::Done{};
    }

    Outcome process(const MediaItem& item, Run& run) override {
        const auto before = landed(item, run);
        const auto& tier = tier_now(settings_.compress, item.taken, before, run.now());
        run.activity(tier.name + ": " + item.filename);
        Library library{run};
        Work work{item, run, tier, library, before, before ? library.intact(item) : std::nullopt};
        if (stands(work) && !before->from_copy) return note(work, *before);

        const auto original = original_of(run, item, away(run));
        if (original.away) return without_original(work, *original.away);
        const auto least = least_saving(settings_.compress, tier, item.kind);
        const auto fresh = library.fresh_name(item, extension_for(work));
        auto result = small_copy(work, original.file, fresh);
        if (!result.kept && !least.met(item.size, size_of(fresh))) result = not_worth_it(std::move(result));
        if (result.kept) keep_whole(item, original.file, fresh);
        const auto shelved = library.shelve(item, fresh, result.kept ? "" : result.extension, original.file, intention(work, result, false));
        run.moved(item.size);
        return write_down(work, record_of(work, result, shelved, false));
    }

    std::optional<std::string> rehearse(const MediaItem& item, Run& run) override {
        return "compress: " + item.filename + " (" + to_text(item.size) + ") is in tier " +
               tier_now(settings_.compress, item.taken, record_from(item.compression_metadata), run.now()).name;
    }

private:
    struct Work {
        const MediaItem& item;
        Run& run;
        const config::Tier& tier;
        Library& library;
        std::optional<Record> before;
        std::optional<media_db::Copy> intact;  ///< what lies in the library, as we put it there
    };

    std::string policy(const Work& work) const { return policy_of(settings_.compress, work.tier, work.item); }

    /// The copy at home is the one that this policy makes of this original: nothing need be read or decoded.
    bool stands(const Work& work) const {
        if (!work.before) return false;
        // A codec that came to no end may come to one with more memory or time, which are no part of the policy.
        if (work.before->kept && work.before->kept->code.starts_with("codec.")) return false;
        return work.intact && work.before->original == work.item.sha256 && work.before->copy == work.intact->sha256 &&
               work.before->policy == policy(work);
    }

    /// Why the NAS is away, if it was found so not long ago: a hundred thousand files do not each wait for a dead server.
    std::optional<Reason> away(const Run& run) const { return away_ && run.now() - away_since_ < kAskAgain ? away_ : std::nullopt; }

    Outcome without_original(const Work& work, const Reason& why) {
        if (!away(work.run)) {
            away_ = why;
            away_since_ = work.run.now();
        }
        if (stands(work)) return note(work, *work.before);
        if (settings_.compress.when_archive_is_away == config::ArchiveAway::copy && may_go_on(work)) return from_the_copy(work);
        return stage::Wait{{why.code, "its original is on the NAS only: " + why.text}, kAskAgain};
    }

    /// Only a small JPEG can go a step further: every other kind would be decoded and encoded a second time. And the last whole copy at home makes
    /// way for a small one only when the NAS's was read.
    static bool may_go_on(const Work& work) {
        return work.item.kind == MediaKind::photo && work.intact && work.intact->sha256 != work.item.sha256 &&
               files::read_head(work.library.place_of(*work.intact), 3) == "\xFF\xD8\xFF";
    }

    /// One step further from the small copy at home, without ever becoming pixels. When nothing comes of it, that copy stays as it is.
    Outcome from_the_copy(const Work& work) {
        const auto old = work.library.place_of(*work.intact);
        const auto fresh = work.library.fresh_name(work.item, old.extension().string());
        auto order = order_for(work, fresh);
        order.size = work.intact->size;
        order.sha256 = work.intact->sha256;
        order.from_copy = true;
        order.photo.max_megapixels = std::nullopt;  // coarser steps only: fewer pixels come once the original is back
        auto result = MF_AROUND("compress.codec.copy", workshop().make(order, old, fresh, work.run.stop()));
        if (!result.kept && !least_saving(settings_.compress, work.tier, work.item.kind).met(work.intact->size, size_of(fresh))) {
            result = not_worth_it(std::move(result));
            MF_AROUND("compress.drop_from_copy", fs::remove(fresh));
        }
        if (result.kept) return write_down(work, record_of(work, result, {work.intact->path, {work.intact->sha256, "", work.intact->size}}, true));
        const auto shelved = work.library.shelve(work.item, fresh, old.extension().string(), old, intention(work, result, true));
        return write_down(work, record_of(work, result, shelved, true));
    }

    static Compressed not_worth_it(Compressed made) {
        made.kept = Reason{"compress.not_worth_it", "the small copy would save too little"};
        return made;
    }

    static void keep_whole(const MediaItem& item, const fs::path& original, const fs::path& fresh) {
        MF_AROUND("compress.drop_small", fs::remove(fresh));
        MF_AROUND("compress.keep_whole",
                  files::share_file(original, fresh, false));  // not linked: whoever edits a picture in the library must not change the original
        if (files::digest_file(fresh).sha256 != item.sha256)
            throw TransientError{"compress.copy",
                                 "the copy of " + item.filename + " for the library is not the original; check the disks of both"};
    }

    std::string extension_for(const Work& work) const {
        return work.item.kind == MediaKind::video ? video_extension(work.item.filename, work.tier.video) : "";
    }

    static Order order_for(const Work& work, const fs::path& fresh) {
        Order order;
        order.task = work.item.kind == MediaKind::video ? Order::Task::video : Order::Task::photo;
        order.size = work.item.size;
        order.sha256 = work.item.sha256;
        order.extension = fs::path(work.item.filename).extension().string();
        order.photo = work.tier.photo;
        if (work.item.live_pair) order.photo.jpeg_xl = false;  // the movie finds its still by name and identifier: the pair stays one
        order.video = work.tier.video;
        order.container = container_of(fresh);
        return order;
    }

    /// The codecs show that they start and what they cannot do before the first file is given to them; a run with nothing to decode starts none.
    const Workshop& workshop() {
        if (!looked_around_) workshop_.look_around();
        looked_around_ = true;
        return workshop_;
    }

    Compressed small_copy(const Work& work, const fs::path& original, const fs::path& fresh) {
        const auto& [item, run, tier, library, before, intact] = work;
        if (item.resource == ResourceKind::live_movie)
            return keep("compress.live_movie", "the movie of a live photo stays as it is, so that the pair stays one");
        if (item.kind != MediaKind::photo && item.kind != MediaKind::video)
            return keep("compress.kind", "files of this kind are kept as they are");
        const bool video = item.kind == MediaKind::video;
        if (video ? tier.video.keep : tier.photo.keep)
            return keep("compress.tier", "tier " + tier.name + " keeps " + (video ? "videos" : "photos") + " as they are");
        auto result = MF_AROUND("compress.codec", workshop().make(order_for(work, fresh), original, fresh, run.stop()));
        if (result.extension.empty() && fresh.extension() != original.extension()) result.extension = fresh.extension().string();
        return result;
    }

    /// Nothing is made: only the tier, and when the file is looked at again, are written down.
    Outcome note(const Work& work, Record record) {
        if (record.tier != work.tier.name) record.tier_since = work.run.now();
        record.tier = work.tier.name;
        const auto next = next_look(work.item, record, work.run.now());
        work.run.with_outcome([id = work.item.id, text = to_json(record), next, now = work.run.now()](media_db::MediaDb& db) {
            Catalogue(db).set_compression_record(id, text, next, now);
        });
        return record.kept ? stage::Done{record.kept} : stage::Done{};
    }

    std::optional<Timestamp> next_look(const MediaItem& item, const Record& record, Timestamp now) const {
        const auto next = next_tier_at(settings_.compress, tier_now(settings_.compress, item.taken, record, now), item.taken, record.tier_since);
        if (!record.from_copy) return next;
        const auto remake = now + kRemakeAfter;
        return next ? std::min(*next, remake) : remake;
    }

    Record record_of(const Work& work, const Compressed& result, const Shelved& shelved, bool from_copy) const {
        Record record;
        record.tier = work.tier.name;
        record.tier_since = work.before && work.before->tier == work.tier.name ? work.before->tier_since : work.run.now();
        record.policy = policy(work);
        record.original = work.item.sha256;
        record.copy = shelved.digests.sha256;
        record.before = work.item.size;
        record.after = shelved.digests.size;
        record.path = shelved.relative;
        record.from_copy = from_copy;
        record.at = work.run.now();
        record.kept = result.kept;
        record.how = result.how;
        record.tools = result.tools;
        record.psnr = result.psnr;
        record.cpu_seconds = result.cpu_seconds;
        record.measures = result.measures;
        return record;
    }

    /// Writes down what is about to take an older copy's place.
    std::function<void(const Shelved&)> intention(const Work& work, const Compressed& result, bool from_copy) const {
        return [this, &work, &result, from_copy](const Shelved& shelved) {
            const auto text = with_intention(work.item.compression_metadata, record_of(work, result, shelved, from_copy));
            const auto next = work.before ? next_look(work.item, *work.before, work.run.now()) : std::nullopt;
            MF_AROUND("compress.intention", Catalogue(work.run.db()).set_compression_record(work.item.id, text, next, work.run.now()));
        };
    }

    /// What is written down of the item's copy; of one that took an older one's place just before a run died, that first.
    std::optional<Record> landed(const MediaItem& item, Run& run) const {
        const auto due = intention_in(item.compression_metadata);
        if (!due) return record_from(item.compression_metadata);
        const auto there = files::status_of(settings_.folders.library / due->path);
        if (!there || !S_ISREG(there->st_mode) || static_cast<std::uint64_t>(there->st_size) != due->after.count ||
            files::digest_file(settings_.folders.library / due->path).sha256 != due->copy)
            return record_from(item.compression_metadata);
        if (taken_by_another(media_db::Evidence{run.db()}, item, due->path)) return record_from(item.compression_metadata);
        Library{run}.make_way(item, due->path);
        media_db::Transaction transaction{run.db(), MF_COMMIT("compress.landed")};
        enter(run.db(), item, *due, next_look(item, *due, run.now()), run);
        transaction.commit();
        log::info("a copy that took its place before a run died is entered", {{"MEDIA_ID", item.id.value}});
        return due;
    }

    /// Two photos of the same content may both have found one left-over copy without a row.
    static bool taken_by_another(const media_db::Evidence& evidence, const MediaItem& item, const fs::path& path) {
        return std::ranges::any_of(evidence.at_path(Place::library, path), [&](const media_db::Copy& other) {
            return other.media != item.id && other.path == path;  // on a disk that tells cases apart case.JPG and CASE.jpg are two
        });
    }

    static void enter(media_db::MediaDb& db, const MediaItem& item, const Record& record, std::optional<Timestamp> next, const Run& run) {
        media_db::Copy copy;
        copy.media = item.id;
        copy.place = Place::library;
        copy.path = record.path;
        copy.sha256 = record.copy;
        copy.size = record.after;
        copy.proof = record.kept && !record.from_copy ? "placed" : "decoded";
        copy.written = run.now();
        copy.proven = run.now();
        copy.receipt = to_json(record);
        media_db::Evidence evidence{db};
        if (taken_by_another(evidence, item, copy.path))
            throw TransientError{"compress.name_taken", copy.path.string() + " in the library became another photo's meanwhile; tried again"};
        if (const auto old = evidence.current(item.id, Place::library)) evidence.removed(old->id, run.now());
        evidence.add(copy);
        Catalogue(db).set_compressed(item.id, copy.size, copy.receipt, next, run.now());
        media_db::Events(db).add({0, run.now(), item.id, {}, run.id(), "compress", "shelved", copy.receipt});
    }

    Outcome write_down(const Work& work, const Record& record) {
        const auto next = next_look(work.item, record, work.run.now());
        work.run.with_outcome([item = work.item, record, next, &run = work.run](media_db::MediaDb& db) { enter(db, item, record, next, run); });
        return record.kept ? stage::Done{record.kept} : stage::Done{};
    }

    const config::Settings& settings_;
    Workshop workshop_;
    bool looked_around_ = false;
    std::optional<Reason> away_;
    Timestamp away_since_;
};

}  // namespace
}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::Compress)
