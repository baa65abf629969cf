// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 6: the small copy that stays at home. Comes back when a file ages into its next tier.

#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "common/failpoint/failpoint.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/stage/stage.h"
#include "stages/compress/library.h"
#include "stages/compress/original.h"
#include "stages/compress/tiers.h"
#include "stages/compress/workshop.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;
using media_db::MediaItem;
using stage::Outcome;
using stage::Run;

bool worth_it(const config::Compress& settings, std::uint64_t before, std::uint64_t after) {
    if (after >= before) return false;
    const auto saved = before - after;
    return saved >= settings.minimum_saving.count && saved * 100 >= before * static_cast<std::uint64_t>(settings.minimum_saving_percent);
}

class Compress final : public stage::Stage {
public:
    explicit Compress(const config::Settings& settings) : settings_(settings), workshop_(settings.compress) {}

    Outcome begin(Run& run) override {
        ::setpriority(PRIO_PROCESS, 0, 10);
        workshop_.look_around();
        fs::create_directories(settings_.folders.library);
        const auto aged = Catalogue(run.db()).reopen_aged(run.now());
        if (aged > 0) log::info("files aged into their next tier", {{"FILES", aged}});
        return stage::Done{};
    }

    Outcome process(const MediaItem& item, Run& run) override {
        const auto& tier = tier_for(settings_.compress, item.taken, run.now());
        run.activity(tier.name + ": " + item.filename);
        const auto original = original_of(run, item);
        Library library{run};
        const auto extension = item.kind == MediaKind::video ? video_extension(item.filename, tier.video) : "";
        const auto fresh = library.fresh_name(item, extension);
        auto result = small_copy(item, tier, original, fresh, run);
        if (!result.kept && !worth_it(settings_.compress, item.size.count, fs::file_size(fresh)))
            result = keep("compress.not_worth_it", "the small copy would save too little");
        if (result.kept) {
            MF_AROUND("compress.drop_small", fs::remove(fresh));
            MF_AROUND("compress.keep_whole",
                      files::share_file(original, fresh, false));  // not linked: whoever edits a picture in the library must not change the original
            if (files::digest_file(fresh).sha256 != item.sha256)
                throw TransientError{"compress.copy",
                                     "the copy of " + item.filename + " for the library is not the original; check the disks of both"};
        }
        const auto shelved = library.shelve(item, fresh, result.kept ? "" : result.extension);
        run.moved(item.size);
        write_down(item, tier, result, shelved, run);
        return result.kept ? stage::Done{result.kept} : stage::Done{};
    }

    std::optional<std::string> rehearse(const MediaItem& item, Run& run) override {
        return "compress: " + item.filename + " (" + to_text(item.size) + ") is in tier " + tier_for(settings_.compress, item.taken, run.now()).name;
    }

private:
    Compressed small_copy(const MediaItem& item, const config::Tier& tier, const fs::path& original, const fs::path& fresh, Run& run) const {
        if (item.resource == ResourceKind::live_movie)
            return keep("compress.live_movie", "the movie of a live photo stays as it is, so that the pair stays one");
        Order order;
        order.size = item.size;
        order.sha256 = item.sha256;
        order.extension = fs::path(item.filename).extension().string();
        if (item.kind == MediaKind::photo) {
            if (tier.photo.keep) return keep("compress.tier", "tier " + tier.name + " keeps photos as they are");
            order.task = Order::Task::photo;
            order.photo = tier.photo;
        } else if (item.kind == MediaKind::video) {
            if (tier.video.keep) return keep("compress.tier", "tier " + tier.name + " keeps videos as they are");
            order.task = Order::Task::video;
            order.video = tier.video;
            order.container = container_of(fresh);
        } else {
            return keep("compress.kind", "files of this kind are kept as they are");
        }
        auto result = MF_AROUND("compress.codec", workshop_.make(order, original, fresh, run.stop()));
        result.extension = fresh.extension() == original.extension() ? "" : fresh.extension().string();
        return result;
    }

    void write_down(const MediaItem& item, const config::Tier& tier, const Compressed& result, const Shelved& shelved, Run& run) const {
        nlohmann::json metadata{{"tier", tier.name},
                                {"original_sha256", to_hex(item.sha256)},
                                {"sha256", to_hex(shelved.digests.sha256)},
                                {"bytes_before", item.size.count},
                                {"bytes_after", shelved.digests.size.count},
                                {"path", shelved.relative.string()},
                                {"at", to_iso(run.now())}};
        if (result.kept) {
            metadata["kept"] = {{"code", result.kept->code}, {"text", result.kept->text}};
        } else {
            metadata["how"] = result.how;
            metadata["psnr"] = result.psnr;
            metadata["tools"] = result.tools;
        }
        media_db::Copy copy;
        copy.media = item.id;
        copy.place = Place::library;
        copy.path = shelved.relative;
        copy.sha256 = shelved.digests.sha256;
        copy.size = shelved.digests.size;
        copy.proof = result.kept ? "placed" : "decoded";
        copy.written = run.now();
        copy.proven = run.now();
        copy.receipt = metadata.dump();
        const auto next = next_tier_at(settings_.compress, item.taken, run.now());
        run.with_outcome([copy, next, id = item.id, run_id = run.id(), now = run.now()](media_db::MediaDb& db) {
            media_db::Evidence evidence{db};
            // Two processes may both have found one left-over copy without a row, for two photos of the same content.
            for (const auto& other : evidence.at_path(Place::library, copy.path))
                if (other.media != id && other.path == copy.path)  // on a disk that tells cases apart case.JPG and CASE.jpg are two
                    throw TransientError{"compress.name_taken", copy.path.string() + " in the library became another photo's meanwhile; tried again"};
            if (const auto old = evidence.current(id, Place::library)) evidence.removed(old->id, now);
            evidence.add(copy);
            Catalogue(db).set_compressed(id, copy.size, copy.receipt, next, now);
            media_db::Events(db).add({0, now, id, {}, run_id, "compress", "shelved", copy.receipt});
        });
    }

    const config::Settings& settings_;
    Workshop workshop_;
};

}  // namespace
}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::Compress)
