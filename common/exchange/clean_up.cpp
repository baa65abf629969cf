// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/errors/errors.h"
#include "common/exchange/exchange.h"
#include "common/exchange/intake.h"
#include "common/exchange/list_folder.h"
#include "common/media_db/catalogue.h"

namespace mediaferry::exchange {
namespace {

/// Empty folders of the list, deepest first; what else lies there stays, and its folders with it.
void remove_empty_folders(const files::Tree& tree, const fs::path& below = {}) {
    for (const auto& name : tree.list(below)) {
        const auto status = tree.status(below / name);
        if (!status || !S_ISDIR(status->st_mode)) continue;
        remove_empty_folders(tree, below / name);
        tree.remove_empty_directory(below / name);
    }
}

void remove_list_folder(const ListFolder& folder) {
    // The manifest last: a cleaning that was cut off is done again.
    for (const char* name : {"SHA256SUMS", kManifestName.data()}) folder.tree.remove(name);
    remove_empty_folders(folder.tree);
    const auto parent = files::Tree::open(folder.path.parent_path());
    parent.remove_empty_directory(folder.path.filename());
    parent.sync_directory("");
}

/// Removes the files of the manifest that `may_go`.
template <class MayGo>
void remove_files(const ListFolder& folder, const std::string& list, Cleaned& result, MayGo&& may_go) {
    const auto manifest = read_manifest(folder, list);
    const auto kept_before = result.kept;
    for (const auto& photo : manifest.photos)
        for (const auto& file : photo.files) {
            if (!folder.tree.status(file.path)) continue;
            if (!fault_of(folder.tree, file, {}).empty() || !may_go(file)) {
                ++result.kept;
                continue;
            }
            folder.tree.remove(file.path);
            ++result.removed;
        }
    if (result.kept == kept_before) remove_list_folder(folder);
}

}  // namespace

Cleaned clean_up(const House& house, const std::string& list) {
    const auto turn = take_turn(house.settings);
    media_db::Exchange books{house.db};
    const auto exported = books.operation_for(list, "export"), imported = books.operation_for(list, "import");
    if (!exported && !imported && !books.list(list))
        throw BadInput("exchange.no_list", "there is no list " + list + " here; `mediaferry exchange show` lists them");
    Cleaned result;
    const auto there = [](const media_db::SyncOperation& one) {
        boost::system::error_code ignored;
        return fs::exists(fs::path(one.folder) / std::string(kManifestName), ignored);
    };
    if (exported && there(*exported))
        remove_files({exported->folder, files::Tree::open(exported->folder)}, list, result, [](const OfferedFile&) { return true; });
    if (imported && imported->status == "running") give_up(house, imported->id, "given up by a person");
    if (imported && imported->status == "completed" && there(*imported)) {
        ItemReader reader{house};
        const auto safe = [&](const OfferedFile& file) {
            const auto item = media_db::Catalogue(house.db).item_with_content(file.sha256);
            return item && reader.fault(item->id, file.sha256).code.empty();
        };
        remove_files({imported->folder, files::Tree::open(imported->folder)}, list, result, safe);
    }
    if (books.list(list) && result.kept == 0) books.set_list_status(list, "cleaned");
    return result;
}

}  // namespace mediaferry::exchange
