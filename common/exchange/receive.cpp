// SPDX-License-Identifier: GPL-3.0-or-later
// What Syncthing brought comes in, photo by photo.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "common/errors/errors.h"
#include "common/exchange/exchange.h"
#include "common/exchange/intake.h"
#include "common/exchange/list_folder.h"
#include "common/exchange/source_folder.h"
#include "common/icloud/names.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"

namespace mediaferry::exchange {
namespace {

using media_db::SyncFile;
using media_db::SyncRecord;

/// No further file would fare better: the disk is full, a folder or Syncthing is away.
bool ends_the_run(const Error& error) {
    return dynamic_cast<const Unavailable*>(&error) != nullptr || error.code() == "file.full" || error.code() == "file.read_only";
}

/// The folder of a list that `path` lies in: "a/exchange-…" of "a/exchange-…/2024/06/IMG.JPG"; absent: in none.
std::optional<fs::path> list_folder_of(const fs::path& path) {
    fs::path so_far;
    for (const auto& part : path.parent_path()) {
        so_far /= part;
        if (is_list_id(part.string())) return so_far;
    }
    return std::nullopt;
}

std::string head_of(const files::Tree& tree, const std::string& path) {
    const auto file = tree.open_read(path);
    std::string head(64, '\0');
    const auto got = ::pread(file.get(), head.data(), head.size(), 0);
    head.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return head;
}

class Receiver {
public:
    Receiver(const House& house, syncthing::Client& client, Received& result) : house_(house), client_(client), books_(house.db), result_(result) {}

    void take_from(const SourceFolder& source) {
        source_ = &source;
        files_.clear();
        std::set<fs::path> listed;  // folders that a manifest speaks for
        for (auto& file : source.files()) files_.emplace(file.path, std::move(file));
        for (const auto& [path, file] : files_)
            if (fs::path(path).filename() == std::string(kManifestName)) {
                listed.insert(fs::path(path).parent_path());
                take_list(file);
            }
        for (const auto& [path, file] : files_) take_plain(file, listed);
    }

    void finish() {
        if (operation_.empty()) return;
        const auto processed = static_cast<std::int64_t>(result_.received + result_.duplicates), errors = static_cast<std::int64_t>(result_.failed);
        books_.set_total(operation_, processed + errors);
        books_.end(operation_, "completed", processed, errors, house_.clock.now());
    }

private:
    void take_list(const Brought& manifest) {
        if (!source_->is_complete(client_, manifest)) return;
        const fs::path folder = fs::path(manifest.path).parent_path();
        Manifest list;
        try {
            list = parse_manifest(source_->tree().read_small(manifest.path, kLongestManifest));
        } catch (const BadInput& error) {
            return failed(manifest, std::nullopt, error.reason());
        }
        for (auto& photo : list.photos) {
            for (auto& file : photo.files) file.path = (folder / file.path).string();
            take_photo(photo);
        }
    }

    /// A file that no manifest speaks of: its content, its name and its time are all there is to know.
    void take_plain(const Brought& file, const std::set<fs::path>& listed) {
        const auto spoken_for = [&](const fs::path& folder) { return listed.contains(folder); };
        fs::path above = fs::path(file.path).parent_path();
        for (;; above = above.parent_path()) {
            if (spoken_for(above)) return;
            if (above.empty()) break;
        }
        if (settled(file)) return note_seen();
        if (list_folder_of(file.path)) return note_waiting();  // its manifest is still on its way
        const auto name = fs::path(file.path).filename().string();
        if (!is_plain_path(file.path)) return failed(file, std::nullopt, {"exchange.path", "its name cannot be used"});
        attempt(file, [&] {
            const auto kind = icloud::kind_of(head_of(source_->tree(), file.path), "", name);
            if (kind == MediaKind::other || file.size.count == 0) return;
            if (!source_->is_complete(client_, file)) return note_waiting();
            const auto digests = digest_open(source_->tree().open_read(file.path), file.path, house_.stop);
            const auto taken = file.modified.seconds;
            const media_db::SharedPhoto photo{
                "syncthing:" + source_->id(), "sha256:" + to_hex(digests.sha256), name, taken, taken, false, false, false, {}};
            take_photo({photo, {{file.path, name, ResourceKind::original, kind, digests.sha256, digests.size}}});
        });
    }

    /// All files of a photo, or none: the phone and the NAS want a live pair together.
    void take_photo(const OfferedPhoto& photo) {
        if (house_.stop && house_.stop()) throw Interrupted("interrupted", "asked to stop between two photos");
        std::vector<std::pair<const OfferedFile*, const Brought*>> open;
        for (const auto& file : photo.files) {
            const auto found = files_.find(file.path);
            if (found == files_.end()) return note_waiting(photo.files.size());
            if (settled(found->second))
                note_seen();
            else
                open.emplace_back(&file, &found->second);
        }
        for (const auto& [file, brought] : open)
            if (!source_->is_complete(client_, *brought)) return note_waiting(open.size());
        std::vector<std::pair<const OfferedFile*, const Brought*>> fresh;
        std::set<Sha256> contents;
        for (const auto& [file, brought] : open) {
            if (const auto known = media_db::Catalogue(house_.db).item_with_content(file->sha256)) {
                if (!is_what_it_says(*file, *brought)) return;
                note(*brought, "duplicate", file->sha256, known->id, "");
                ++result_.duplicates;
                note_seen();
            } else if (contents.insert(file->sha256).second) {
                fresh.emplace_back(file, brought);
            } else {
                note_waiting();  // the same once more: a duplicate as soon as the first one is in
            }
        }
        if (!fresh.empty()) bring_in(photo.photo, fresh);
    }

    bool is_what_it_says(const OfferedFile& file, const Brought& brought) {
        const auto fault = fault_of(source_->tree(), file, house_.stop);
        if (fault.empty()) return true;
        failed(brought, file.sha256, {"exchange.damaged", "the file " + fault + "; its manifest says otherwise. Export it again"});
        return false;
    }

    void bring_in(const media_db::SharedPhoto& photo, const std::vector<std::pair<const OfferedFile*, const Brought*>>& fresh) {
        begin_operation();
        Intake intake{house_, operation_};
        std::vector<std::pair<SyncFile, files::Digests>> placed;
        const Brought* at = fresh.front().second;
        const OfferedFile* what = fresh.front().first;
        const auto take_back = [&](const std::string& why) {
            for (const auto& [row, digests] : placed) intake.withdraw(row, why);
        };
        try {
            files::in_our_words([&] {
                for (const auto& [file, brought] : fresh) {
                    at = brought;
                    what = file;
                    placed.emplace_back(intake.reserve(*file, photo.taken), files::Digests{});
                    placed.back().second = intake.place(source_->tree(), file->path, *file, photo.taken, placed.back().first);
                }
                media_db::Transaction transaction{house_.db, MF_COMMIT("exchange.receive.rows")};
                for (std::size_t i = 0; i < fresh.size(); ++i) {
                    const auto& [file, brought] = fresh[i];
                    const auto media = intake.take_in(photo, *file, placed[i].second, placed[i].first, "syncthing:" + source_->id());
                    note(*brought, "received", file->sha256, media, "");
                }
                transaction.commit();
            });
        } catch (const Interrupted&) {
            take_back("interrupted");
            throw;
        } catch (const Error& error) {
            take_back(full_message(error));
            failed(*at, what->sha256, {error.code(), full_message(error)});
            if (ends_the_run(error)) throw;
            return;
        }
        for (const auto& [file, brought] : fresh) {
            result_.bytes += file->size;
            ++result_.received;
            note_seen();
        }
        log::info("received", {{"SOURCE", source_->id()}, {"FILES", static_cast<std::int64_t>(fresh.size())}});
    }

    template <class Work>
    void attempt(const Brought& file, Work&& work) {
        try {
            files::in_our_words(work);
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            if (ends_the_run(error)) throw;
            failed(file, std::nullopt, {error.code(), full_message(error)});
        }
    }

    void begin_operation() {
        if (!operation_.empty()) return;
        const auto now = house_.clock.now();
        operation_ = new_id("receive", now);
        books_.begin({operation_, "receive", "running", "", "", source_->tree().root().string(), 0, 0, 0, now, {}}, now);
    }

    /// Dealt with before, and not changed since.
    bool settled(const Brought& file) const {
        const auto known = books_.record(source_->id(), file.path);
        return known && known->status != "failed" && known->size == file.size && known->modified_ns == file.modified_ns();
    }

    void note(const Brought& file, const char* status, const std::optional<Sha256>& sha256, std::optional<MediaId> media, const std::string& error) {
        books_.set_record({source_->id(), file.path, status, sha256, file.size, file.modified_ns(), media, error}, house_.clock.now());
    }

    void failed(const Brought& file, const std::optional<Sha256>& sha256, const Reason& reason) {
        const auto known = books_.record(source_->id(), file.path);
        const bool told = known && known->status == "failed" && known->error == reason.text && known->modified_ns == file.modified_ns();
        if (!told) note(file, "failed", sha256, std::nullopt, reason.text);
        log::warning("not received", {{"SOURCE", source_->id()}, {"REASON", reason.code}});
        result_.troubles.emplace_back(source_->id() + "/" + file.path, reason);
        ++result_.failed;
    }

    void note_seen() { ++result_.seen; }
    void note_waiting(std::size_t files = 1) { result_.waiting += files; }

    const House& house_;
    syncthing::Client& client_;
    media_db::Exchange books_;
    Received& result_;
    const SourceFolder* source_ = nullptr;
    std::map<std::string, Brought> files_;
    std::string operation_;
};

/// What a killed run placed and gave no row: it is still in the source and comes again.
void take_back_leftovers(const House& house) {
    media_db::Exchange books{house.db};
    const auto left = books.unsettled("receive");
    if (left.empty()) return;
    Intake intake{house, ""};
    for (const auto& row : left) intake.withdraw(row, "the run that placed it died");
}

}  // namespace

Received receive(const House& house) {
    const auto turn = take_turn(house.settings);
    Received result;
    take_back_leftovers(house);
    syncthing::Client client{house.settings.syncthing};
    Receiver receiver{house, client, result};
    for (const auto& id : house.settings.exchange.remote_sources) {
        try {
            receiver.take_from(SourceFolder::open(client, id));
        } catch (const NeedsPerson& error) {
            if (dynamic_cast<const SignInRequired*>(&error)) throw;
            result.troubles.emplace_back(id, error.reason());
            ++result.failed;
        } catch (const Unavailable& error) {
            if (!error.code().starts_with("exchange.") && error.code() != "file.missing") throw;
            result.troubles.emplace_back(id, error.reason());
            ++result.failed;
        }
    }
    receiver.finish();
    return result;
}

}  // namespace mediaferry::exchange
