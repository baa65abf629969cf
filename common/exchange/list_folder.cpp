// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/exchange/list_folder.h"

#include "common/archive/known.h"
#include "common/errors/errors.h"
#include "common/exchange/intake.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"

namespace mediaferry::exchange {

namespace {

bool holds_manifest(const files::Tree& folder) { return folder.status(std::string(kManifestName)).has_value(); }

}  // namespace

ListFolder open_list_folder(const std::string& list, const fs::path& directory) {
    if (!is_list_id(list)) throw BadInput("exchange.no_list", "'" + list + "' is no list's id (such as exchange-20260115_143022-1a2b3c4d)");
    for (const auto& path : {fs::absolute(directory) / list, fs::absolute(directory)}) {
        boost::system::error_code ignored;
        if (!fs::is_directory(path, ignored)) continue;
        auto tree = files::Tree::open(path);
        if (holds_manifest(tree)) return {path, std::move(tree)};
    }
    throw BadInput("exchange.no_manifest", "neither " + fs::absolute(directory).string() + " nor its folder " + list + " holds " +
                                               std::string(kManifestName) + "; the export writes it last: is the transfer complete?");
}

Manifest read_manifest(const ListFolder& folder, const std::string& list) {
    std::string text;
    try {
        text = folder.tree.read_small(std::string(kManifestName), kLongestManifest);
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError&) {
        std::throw_with_nested(BadInput("exchange.manifest", "cannot read the manifest in " + folder.path.string()));
    }
    auto manifest = parse_manifest(text);
    if (manifest.list != list) throw BadInput("exchange.other_list", folder.path.string() + " holds the list " + manifest.list + ", not " + list);
    return manifest;
}

std::string fault_of(const files::Tree& folder, const OfferedFile& file, const std::function<bool()>& stop) {
    try {
        const auto status = folder.status(file.path);
        if (!status) return "is missing";
        if (!S_ISREG(status->st_mode)) return "is no regular file";
        if (static_cast<std::uint64_t>(status->st_size) != file.size.count)
            return "has " + std::to_string(status->st_size) + " bytes, not " + std::to_string(file.size.count);
        const auto digests = digest_open(folder.open_read(file.path), file.path, stop);
        return digests.sha256 == file.sha256 && digests.size == file.size ? "" : "has another SHA-256";
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        return error.what();  // a symbolic link on its way, among others
    }
}

Reason ItemReader::fault(MediaId id, const Sha256& sha256) {
    const auto item = media_db::Catalogue(house_.db).item(id);
    if (!item || item->sha256 != sha256) return {"exchange.no_row", "its row holds another content"};
    try {
        if (item->local_path && fs::symlink_status(*item->local_path).type() == fs::regular_file) {
            const auto file = files::Tree::open(item->local_path->parent_path()).open_read(item->local_path->filename());
            if (digest_open(file, item->local_path->string(), house_.stop).sha256 == sha256) return {};
        }
        const auto copy = media_db::Evidence(house_.db).current(id, Place::nas);
        if (!copy || copy->sha256 != sha256) return {"exchange.lost", "its original is not at home and it has no copy on the NAS"};
        if (!archive_) archive_.emplace(archive::open_known(house_.db, house_.settings.archive, house_.clock.now()));
        if (archive_->reread(copy->path, sha256, house_.stop).reading == archive::Archive::Reading::same) return {};
        return {"exchange.lost", "its copy on the NAS is missing or holds other bytes"};
    } catch (const Interrupted&) {
        throw;
    } catch (const Error& error) {
        return error.reason();
    }
}

}  // namespace mediaferry::exchange
