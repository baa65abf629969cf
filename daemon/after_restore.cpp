// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/after_restore.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "common/archive/known.h"
#include "common/archive/layout.h"
#include "common/archive/naming.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/conveyor.h"
#include "common/media_db/evidence.h"
#include "common/media_db/reports.h"
#include "common/syncthing/receipt.h"

namespace mediaferry::daemon {

namespace {

using media_db::MediaItem;

constexpr std::size_t kAll = 100'000'000;

bool ours_or_unfinished(const std::string& name) { return name.starts_with(".") || name.ends_with(".part"); }

/// No data at all: what stands for a file that was taken away. Asked of the file system, for a real photo may lie in few blocks.
bool is_hole(const fs::path& path) {
    if (!files::looks_like_placeholder(path)) return false;
    const files::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    return file && ::lseek(file.get(), 0, SEEK_DATA) < 0 && errno == ENXIO;
}

std::optional<fs::path> folder_of(const config::Folders& folders, const fs::path& path) {
    for (const auto& folder : {folders.backup, folders.compress, folders.delete_pending}) {
        const auto inside = path.lexically_relative(folder);
        if (!inside.empty() && *inside.begin() != "..") return folder;
    }
    return std::nullopt;
}

template <class See>
void walk(const fs::path& root, See&& see) {
    boost::system::error_code ignored;
    if (!fs::is_directory(root, ignored)) return;
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator at{root, fs::directory_options::skip_permission_denied}, end; at != end; ++at)
        if (files::is_file(at->path())) found.push_back(at->path());
    for (const auto& path : found) see(path);
}

class Search {
public:
    Search(media_db::MediaDb& db, const config::Settings& settings, Timestamp now) : db_(db), settings_(settings), now_(now), catalogue_(db) {}

    Newer operator()() {
        look_at_rows();
        look_at_folders();
        for (const auto& item : astray_)
            if (!find_at_home(item) && !bring_home(item))
                result_.lost.push_back(std::to_string(item.id.value) + " " + item.filename + ": its original is neither at " +
                                       item.local_path->string() + " nor in another working folder" +
                                       (result_.nas.empty() ? ", nor on the NAS" : ""));
        send_again();
        return_unknown();
        clear_incoming();
        return result_;
    }

private:
    /// Whether the original is where its row says. Size and capture date as modification time are as we gave them: then it is believed.
    bool in_place(const MediaItem& item) const {
        const auto status = files::status_of(*item.local_path);
        if (!status || !S_ISREG(status->st_mode) || static_cast<std::uint64_t>(status->st_size) != item.size.count) return false;
        return status->st_mtim.tv_sec == item.taken.time_since_epoch().count() || files::digest_file(*item.local_path).sha256 == item.sha256;
    }

    void look_at_rows() {
        std::int64_t all = 0;
        for (const auto& row : media_db::Reports{db_}.by_status()) all += row.files;
        for (std::int64_t id = 1, seen = 0; seen < all && id <= all * 10 + 1'000'000; ++id) {
            const auto item = catalogue_.item(MediaId{id});
            if (!item) continue;
            ++seen;
            if (!item->local_path) continue;
            if (in_place(*item))
                owned_.insert(*item->local_path);
            else
                astray_.push_back(*item);
        }
    }

    void look_at_folders() {
        for (const auto& folder : {settings_.folders.backup, settings_.folders.compress, settings_.folders.delete_pending})
            walk(folder, [&](const fs::path& path) {
                if (!owned_.contains(path) && !ours_or_unfinished(path.filename().string())) strangers_.emplace(fs::file_size(path), path);
            });
    }

    void note(const MediaItem& item, const fs::path& path, const char* what) {
        const nlohmann::ordered_json detail{{"from", item.local_path->string()}, {"to", path.string()}, {"found_after", "restore"}};
        media_db::Transaction transaction{db_, MF_COMMIT("db.restore.note")};
        if (path != *item.local_path) catalogue_.set_local_path(item.id, path, now_);
        media_db::Events{db_}.add({0, now_, item.id, item.asset, {}, "", what, detail.dump()});
        transaction.commit();
    }

    bool find_at_home(const MediaItem& item) {
        const auto [first, last] = strangers_.equal_range(item.size.count);
        for (auto at = first; at != last; ++at) {
            if (digest(at->second) != item.sha256) continue;
            note(item, at->second, "moved");
            strangers_.erase(at);
            ++result_.moved;
            return true;
        }
        return false;
    }

    const Sha256& digest(const fs::path& path) {
        if (const auto known = digests_.find(path); known != digests_.end()) return known->second;
        return digests_.emplace(path, files::digest_file(path).sha256).first->second;
    }

    /// Where in the archive it may lie: where its row says, else under the names that the layout gives it.
    std::vector<fs::path> places_on_nas(const MediaItem& item) const {
        constexpr int kNumbers = 50;
        std::vector<fs::path> places;
        if (const auto copy = media_db::Evidence{db_}.current(item.id, Place::nas)) places.push_back(copy->path);
        archive::Described file{item.filename, item.taken, item.kind, ""};
        if (item.asset) {
            if (const auto asset = catalogue_.asset(*item.asset)) file.account = asset->account;
            for (const auto& one : catalogue_.items_of(*item.asset))
                if (one.resource == ResourceKind::original) file.taken = one.taken;
        }
        const auto wanted = archive::Layout{settings_.archive.layout}.place(file);
        for (int number = 1; number <= kNumbers; ++number)
            places.push_back(wanted.parent_path() / archive::numbered(wanted.filename().string(), number));
        return places;
    }

    const archive::Archive* nas() {
        if (nas_ || !result_.nas.empty()) return nas_ ? &*nas_ : nullptr;
        if (!settings_.archive.enabled) {
            result_.nas = "there is no NAS (archive.enabled)";
            return nullptr;
        }
        try {
            nas_.emplace(archive::Archive::open(settings_.archive, archive::known_uuid(db_)));
        } catch (const Error& error) {
            result_.nas = full_message(error);
        }
        return nas_ ? &*nas_ : nullptr;
    }

    bool bring_home(const MediaItem& item) {
        const auto* archive = nas();
        if (archive == nullptr) return false;
        for (const auto& place : places_on_nas(item)) {
            if (archive->size_of(place) != item.size) continue;
            const auto to = files::free_name(*item.local_path, [](const fs::path& path) { return files::status_of(path).has_value(); });
            try {
                files::make_directories(to.parent_path());
                archive->fetch(place, item.sha256, to, item.taken);
            } catch (const TransientError& error) {
                if (error.code() == "nas.damaged" || error.code() == "nas.missing") continue;  // another photo of this name
                throw;
            }
            note(item, to, "original_put_back");
            ++result_.brought_home;
            return true;
        }
        return false;
    }

    /// A file that left the outbox after the backup was taken out because of a proof that the backup does not know. Syncthing no longer tells what
    /// the phone did with it, so the proof can only be made anew.
    void send_again() {
        const auto& outbox = settings_.folders.pixel_sync;
        if (!settings_.pixel.enabled || !fs::is_directory(outbox / ".stfolder")) return;  // not there: nothing can be concluded
        media_db::Conveyor conveyor{db_};
        const Reason reason{"pixel.sent_again", "the proof that Google has it is younger than the backup of media.db that was put back"};
        for (const auto& copy : media_db::Evidence{db_}.pixel_copies({"staged", "delivered", "dwelt"}, kAll)) {
            if (files::is_file(outbox / copy.path) || syncthing::receipt_from_json(copy.receipt).kept) continue;
            media_db::Transaction transaction{db_, MF_COMMIT("db.restore.send_again")};
            media_db::Evidence{db_}.removed(copy.id, now_);
            catalogue_.set_flags(copy.media, false, {}, {}, {}, now_);
            for (const auto* stage : {"pixel_sync", "pixel_verify"}) conveyor.reopen(copy.media, stage, reason, RunId{}, now_);
            transaction.commit();
            ++result_.sent_again;
        }
    }

    /// They came after the backup. icloud_download knows an original in backup/ that has no row, and takes it in without a second copy.
    void return_unknown() {
        for (const auto& [size, path] : strangers_) {
            ++result_.unknown;
            const auto folder = folder_of(settings_.folders, path);
            if (!folder || *folder == settings_.folders.backup) continue;
            const auto wanted = settings_.folders.backup / path.lexically_relative(*folder);
            const auto to = files::free_name(wanted, [](const fs::path& name) { return files::status_of(name).has_value(); });
            files::make_directories(to.parent_path());
            files::move_file(path, to);
        }
    }

    /// A placeholder that no row knows would keep its photo from ever coming again; half a download belongs to a number that may mean another file
    /// now.
    void clear_incoming() {
        const auto& incoming = settings_.folders.incoming;
        const auto fetches = incoming / ".mediaferry-fetch";
        walk(incoming, [&](const fs::path& path) {
            if (path.parent_path() == fetches && path.extension() == ".part") return files::remove_file(path);
            if (ours_or_unfinished(path.filename().string()) || catalogue_.is_placeholder(path.lexically_relative(incoming)) || !is_hole(path))
                return;
            files::remove_file(path);
            ++result_.placeholders;
        });
    }

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    Timestamp now_;
    media_db::Catalogue catalogue_;
    std::set<fs::path> owned_;
    std::vector<MediaItem> astray_;
    std::multimap<std::uint64_t, fs::path> strangers_;
    std::map<fs::path, Sha256> digests_;
    std::optional<archive::Archive> nas_;
    Newer result_;
};

}  // namespace

Newer find_newer(media_db::MediaDb& db, const config::Settings& settings, Timestamp now) {
    return files::in_our_words([&] { return Search{db, settings, now}(); });
}

}  // namespace mediaferry::daemon
