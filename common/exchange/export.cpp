// SPDX-License-Identifier: GPL-3.0-or-later
#include <map>

#include "common/archive/known.h"
#include "common/errors/errors.h"
#include "common/exchange/exchange.h"
#include "common/exchange/intake.h"
#include "common/log/log.h"
#include "common/media_db/evidence.h"

namespace mediaferry::exchange {
namespace {

using media_db::ListedMedia;

constexpr std::size_t kPage = 500;
constexpr const char* kSums = "SHA256SUMS";

/// Visits every file of a list, page by page.
template <class Visit>
void each_listed(const media_db::Exchange& books, const std::string& list, Visit&& visit) {
    std::int64_t after = 0;
    for (;;) {
        const auto page = books.listed(list, after, kPage);
        for (const auto& one : page) visit(one);
        if (page.size() < kPage) return;
        after = page.back().row;
    }
}

/// Files that a killed export left unfinished.
void remove_unfinished(const files::Tree& folder, const fs::path& below = {}) {
    for (const auto& name : folder.list(below)) {
        const auto status = folder.status(below / name);
        if (status && S_ISDIR(status->st_mode)) remove_unfinished(folder, below / name);
        if (status && S_ISREG(status->st_mode) && files::is_temporary_name(name)) folder.remove(below / name);
    }
}

class Exporter {
public:
    Exporter(const House& house, const std::string& list, const fs::path& folder)
        : house_(house), list_(list), books_(house.db), folder_((files::make_directories(folder), files::Tree::open(folder))) {
        remove_unfinished(folder_);
    }

    void put(const ListedMedia& file, Exported& result) {
        try {
            const bool there = files::in_our_words([&] { return there_already(file); });
            if (!there) files::in_our_words([&] { write(file); });
            books_.set_listed(list_, file.row, "exported", "");
            ++(there ? result.there_before : result.exported);
            result.bytes += file.item.size;
        } catch (const Interrupted&) {
            throw;
        } catch (const OutOfMemory&) {
            throw;
        } catch (const Unavailable& error) {
            if (!away_) log::warning("the archive is away", {{"REASON", error.code()}});
            away_ = error;
            ++result.waiting;
            result.away = full_message(error);
        } catch (const Error& error) {
            if (error.code() == "file.full" || error.code() == "file.read_only") throw;  // no other file would fare better
            const Reason reason{error.code(), full_message(error)};
            log::warning("not exported", {{"MEDIA_ID", file.item.id.value}, {"REASON", reason.code}});
            books_.set_listed(list_, file.row, "failed", reason.text);
            result.failed.emplace_back(file.item.filename, reason);
        }
    }

    /// Last of all: who sees it knows that the files are complete.
    void write_manifest(Timestamp made) {
        Manifest manifest{list_, books_.archive_id(house_.clock.now()), made, {}};
        std::map<std::pair<std::string, std::string>, std::size_t> known;
        std::string sums;
        each_listed(books_, list_, [&](const ListedMedia& file) {
            if (file.status != "exported") return;
            const auto photo = books_.shared(file.item, manifest.archive);
            const auto [place, fresh] = known.try_emplace({photo.archive, photo.record}, manifest.photos.size());
            if (fresh) manifest.photos.push_back({photo, {}});
            manifest.photos[place->second].files.push_back(
                {file.path.string(), file.item.filename, file.item.resource, file.item.kind, file.item.sha256, file.item.size});
            sums += to_hex(file.item.sha256) + "  " + file.path.string() + "\n";
        });
        if (manifest.photos.empty()) return;
        replace_if_other(kSums, sums);
        replace_if_other(std::string(kManifestName), to_text(manifest));
    }

private:
    bool there_already(const ListedMedia& file) const {
        const auto status = folder_.status(file.path);
        if (!status) return false;
        const bool same_size = S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == file.item.size.count;
        // One that was counted as exported was hashed when it was written.
        if (same_size && file.status == "exported") return true;
        if (same_size && digest_open(folder_.open_read(file.path), file.path.string(), house_.stop).sha256 == file.item.sha256) return true;
        throw NeedsPerson("exchange.in_the_way", (folder_.root() / file.path).string() + " is another file; move it away and export again");
    }

    void write(const ListedMedia& file) {
        folder_.make_directories(file.path.parent_path());
        const auto unfinished = file.path.parent_path() / files::temporary_name();
        if (!from_home(file, unfinished)) from_archive(file, unfinished);
        try {
            folder_.rename_new(unfinished, file.path);
        } catch (...) {
            folder_.remove(unfinished);
            throw;
        }
        folder_.sync_directory(file.path.parent_path());
    }

    /// False: there is no good original at home.
    bool from_home(const ListedMedia& file, const fs::path& unfinished) const {
        const auto& original = file.item.local_path;
        if (!original || fs::symlink_status(*original).type() != fs::regular_file) return false;
        const auto source = files::Tree::open(original->parent_path()).open_read(original->filename());
        if (files::copy_in(source.get(), folder_, unfinished, file.item.taken, house_.stop).sha256 == file.item.sha256) return true;
        folder_.remove(unfinished);
        log::warning("the original at home is not what was taken in", {{"MEDIA_ID", file.item.id.value}});
        return false;
    }

    void from_archive(const ListedMedia& file, const fs::path& unfinished) {
        const auto copy = media_db::Evidence(house_.db).current(file.item.id, Place::nas);
        if (!copy || copy->sha256 != file.item.sha256 || !house_.settings.archive.enabled)
            throw NeedsPerson("exchange.no_original", file.item.filename + " has neither a good original at home nor a copy on the NAS");
        if (away_) throw Unavailable{*away_};  // each further question would wait for its own answer
        if (!archive_) archive_.emplace(archive::open_known(house_.db, house_.settings.archive, house_.clock.now()));
        archive_->check_identity();
        archive_->fetch(copy->path, file.item.sha256, folder_.root() / unfinished, file.item.taken, house_.stop);
    }

    /// Written again only when it says something else: Syncthing would send it once more.
    void replace_if_other(const std::string& name, const std::string& text) {
        if (folder_.status(name) && folder_.read_small(name, kLongestManifest) == text) return;
        files::replace_small_file(folder_.root() / name, text, 0644);
    }

    const House& house_;
    const std::string& list_;
    media_db::Exchange books_;
    files::Tree folder_;
    std::optional<archive::Archive> archive_;
    std::optional<Unavailable> away_;
};

media_db::ExportList known_list(const House& house, const std::string& id) {
    const auto list = media_db::Exchange(house.db).list(id);
    if (!list) throw BadInput("exchange.no_list", "there is no export list " + id + " here; `mediaferry exchange show` lists them");
    return *list;
}

std::string operation_of(const House& house, const media_db::ExportList& list, const fs::path& folder) {
    media_db::Exchange books{house.db};
    const auto earlier = books.operation_for(list.id, "export");
    if (earlier && earlier->folder == folder.string()) return earlier->id;
    const auto now = house.clock.now();
    const auto id = new_id("export", now);
    books.begin({id, "export", "running", "", list.id, folder.string(), list.total, 0, 0, now, {}}, now);
    return id;
}

}  // namespace

Exported export_list(const House& house, const std::string& id, const fs::path& directory, bool rehearse) {
    const auto turn = take_turn(house.settings);
    const auto list = known_list(house, id);
    media_db::Exchange books{house.db};
    Exported result;
    result.total = static_cast<std::size_t>(list.total);
    result.folder = fs::absolute(directory) / id;
    if (rehearse) {
        result.bytes = list.bytes;
        return result;
    }
    const auto operation = operation_of(house, list, result.folder);
    Exporter exporter{house, id, result.folder};
    if (list.status == "created") books.set_list_status(id, "exporting");
    std::size_t seen = 0;
    each_listed(books, id, [&](const ListedMedia& file) {
        if (house.stop && house.stop()) throw Interrupted("interrupted", "asked to stop between two files; the same command goes on from here");
        exporter.put(file, result);
        if (house.progress) house.progress(++seen, result.total);
    });
    exporter.write_manifest(list.created);
    const auto done = static_cast<std::int64_t>(result.exported + result.there_before);
    const bool whole = result.failed.empty() && result.waiting == 0;
    const bool changed = result.exported > 0 || !whole || list.status != "exported";
    if (changed) {
        books.set_list_status(id, whole ? "exported" : "exporting");
        books.end(operation, whole ? "completed" : "failed", done, static_cast<std::int64_t>(result.failed.size()),
                  house.clock.now());
    }
    return result;
}

}  // namespace mediaferry::exchange
