// SPDX-License-Identifier: GPL-3.0-or-later
// A list comes in: believed only after every byte was read, and then all of it or nothing.
#include <map>
#include <set>

#include "common/errors/errors.h"
#include "common/exchange/exchange.h"
#include "common/exchange/intake.h"
#include "common/exchange/list_folder.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"

namespace mediaferry::exchange {
namespace {

using media_db::SyncFile;

constexpr std::size_t kShown = 20;
constexpr std::uint64_t kReserve = 256ULL << 20;  // left free beside what is placed

/// One file of the list on its way in.
struct Arrival {
    const OfferedPhoto* photo = nullptr;
    const OfferedFile* file = nullptr;
    files::Digests digests;
    SyncFile placed;
};

/// Reads every file and compares it with what the manifest says. Throws BadInput ("exchange.damaged") that names those which differ.
void check_files(const House& house, const ListFolder& folder, const Manifest& manifest) {
    std::string faults;
    std::size_t wrong = 0, seen = 0;
    const auto all = manifest.files();
    for (const auto& photo : manifest.photos)
        for (const auto& file : photo.files) {
            if (const auto fault = fault_of(folder.tree, file, house.stop); !fault.empty())
                if (++wrong <= kShown) faults += "\n  " + file.path + ": " + fault;
            if (house.progress) house.progress(++seen, all);
        }
    if (wrong > 0)
        throw BadInput("exchange.damaged", std::to_string(wrong) + " of " + std::to_string(all) + " files in " + folder.path.string() +
                                               " are not what the manifest says; nothing was imported. Ask for these again:" + faults);
}

class Importer {
public:
    Importer(const House& house, const ListFolder& folder, const Manifest& manifest)
        : house_(house), folder_(folder), manifest_(manifest), books_(house.db) {}

    /// Tells what is new from what this house has, or has been given twice.
    void sort(Imported& result) {
        std::set<Sha256> seen;
        for (const auto& photo : manifest_.photos)
            for (const auto& file : photo.files) {
                ++result.total;
                if (const auto known = media_db::Catalogue(house_.db).item_with_content(file.sha256)) {
                    duplicates_.emplace_back(&file, known->id);
                } else if (seen.insert(file.sha256).second) {
                    arrivals_.push_back({&photo, &file, {}, {}});
                    result.bytes += file.size;
                } else {
                    duplicates_.emplace_back(&file, std::nullopt);
                }
            }
        result.imported = arrivals_.size();
        result.duplicates = duplicates_.size();
    }

    bool nothing_new() const { return arrivals_.empty(); }

    void run(Imported& result) {
        open_operation(result);
        make_room(result.bytes);
        result.backup = back_up();
        Intake intake{house_, operation_};
        try {
            reserve(intake);
            place(intake);
        } catch (const Interrupted&) {
            throw;  // what is placed is explained in sync_files; the same command goes on with it
        } catch (const std::exception& error) {
            give_up(house_, operation_, full_message(error));
            throw;
        }
        give_rows(intake, result);
    }

private:
    void open_operation(const Imported& result) {
        const auto now = house_.clock.now();
        const auto earlier = books_.operation_for(manifest_.list, "import");
        if (earlier && earlier->status == "running") {
            operation_ = earlier->id;
            return;
        }
        operation_ = new_id("import", now);
        books_.begin(
            {operation_, "import", "running", "", manifest_.list, folder_.path.string(), static_cast<std::int64_t>(result.total), 0, 0, now, {}},
            now);
    }

    void make_room(Bytes needed) const {
        const auto free = files::free_space(house_.settings.folders.backup).free;
        if (free.count >= needed.count + kReserve) return;
        throw Unavailable("file.full", "no room for " + to_text(needed) + " in " + house_.settings.folders.backup.string() + " (" + to_text(free) +
                                           " are free); nothing was imported");
    }

    fs::path back_up() const {
        const auto path = house_.settings.state_directory() / "backups" / ("before-" + operation_ + ".db");
        files::make_directories(path.parent_path());
        if (!fs::exists(path)) media_db::Upkeep(house_.db).backup_to(path);
        return path;
    }

    void reserve(Intake& intake) {
        std::map<Sha256, SyncFile> reserved;  // by an earlier call that was killed
        for (auto& row : books_.files_of(operation_, "placing")) reserved.emplace(row.sha256, std::move(row));
        media_db::Transaction transaction{house_.db, MF_COMMIT("exchange.import.reserve")};
        for (auto& one : arrivals_) {
            const auto known = reserved.find(one.file->sha256);
            one.placed = known == reserved.end() ? intake.reserve(*one.file, one.photo->photo.taken) : known->second;
        }
        transaction.commit();
    }

    void place(Intake& intake) {
        std::size_t done = 0;
        for (auto& one : arrivals_) {
            if (house_.stop && house_.stop()) throw Interrupted("interrupted", "asked to stop between two files; the same command goes on from here");
            one.digests =
                files::in_our_words([&] { return intake.place(folder_.tree, one.file->path, *one.file, one.photo->photo.taken, one.placed); });
            if (house_.progress) house_.progress(++done, arrivals_.size());
        }
    }

    /// All of them in one transaction. What the house took in by itself meanwhile stays as it is.
    void give_rows(Intake& intake, Imported& result) {
        std::vector<SyncFile> needless;
        {
            media_db::Transaction transaction{house_.db, MF_COMMIT("exchange.import.rows")};
            for (const auto& one : arrivals_) {
                if (media_db::Catalogue(house_.db).item_with_content(one.file->sha256))
                    needless.push_back(one.placed);
                else
                    intake.take_in(one.photo->photo, *one.file, one.digests, one.placed, manifest_.list);
            }
            for (const auto& [file, media] : duplicates_) note_duplicate(*file, media);
            books_.end(operation_, "completed", static_cast<std::int64_t>(result.total), 0, house_.clock.now());
            transaction.commit();
        }
        for (const auto& placed : needless) intake.withdraw(placed, "this house took the same content in meanwhile");
        result.imported -= needless.size();
        result.duplicates += needless.size();
        log::info("list imported", {{"LIST", manifest_.list}, {"FILES", static_cast<std::int64_t>(result.imported)}});
    }

    void note_duplicate(const OfferedFile& file, std::optional<MediaId> media) {
        if (!media)
            if (const auto item = media_db::Catalogue(house_.db).item_with_content(file.sha256)) media = item->id;
        books_.settle(books_.placing(operation_, folder_.path / file.path, file.sha256), "duplicate", media, "");
    }

    const House& house_;
    const ListFolder& folder_;
    const Manifest& manifest_;
    media_db::Exchange books_;
    std::string operation_;
    std::vector<Arrival> arrivals_;
    std::vector<std::pair<const OfferedFile*, std::optional<MediaId>>> duplicates_;
};

}  // namespace

void give_up(const House& house, const std::string& operation, const std::string& why) {
    media_db::Exchange books{house.db};
    Intake intake{house, operation};
    for (const auto& placed : books.files_of(operation, "placing")) intake.withdraw(placed, why);
    books.end(operation, "failed", 0, 1, house.clock.now());
}

Imported import_list(const House& house, const std::string& list, const fs::path& directory, bool rehearse) {
    const auto turn = take_turn(house.settings);
    const auto folder = open_list_folder(list, directory);
    const auto manifest = read_manifest(folder, list);
    check_files(house, folder, manifest);
    Imported result;
    result.folder = folder.path;
    Importer importer{house, folder, manifest};
    importer.sort(result);
    if (!rehearse && !importer.nothing_new()) importer.run(result);
    return result;
}

Verified verify_import(const House& house, const std::string& list) {
    const media_db::Exchange books{house.db};
    const auto operation = books.operation_for(list, "import");
    if (!operation) throw BadInput("exchange.no_list", "no import of the list " + list + " was ever begun here");
    if (operation->status != "completed")
        throw BadInput("exchange.unfinished", "the import of " + list + " is " + operation->status + "; run `mediaferry exchange import " + list +
                                                  " --import-dir " + operation->folder + "` again");
    Verified result;
    ItemReader reader{house};
    for (const char* status : {"imported", "duplicate"})
        for (const auto& row : books.files_of(operation->id, status)) {
            ++result.total;
            const auto reason = row.media ? reader.fault(*row.media, row.sha256) : Reason{"exchange.no_row", "it has no row"};
            if (reason.code.empty())
                ++result.good;
            else
                result.bad.emplace_back(row.path.string(), reason);
        }
    return result;
}

}  // namespace mediaferry::exchange
