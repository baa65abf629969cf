// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/restore/restorer.h"

#include <algorithm>

#include "common/archive/naming.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/media_db/evidence.h"

namespace mediaferry::restore {
namespace {

using media_db::MediaItem;

constexpr int kMostNumbers = 10'000;

/// "IMG_1.JPG", "img_1.jpg" → "IMG_1.JPG", "img_1-2.jpg": also a case-insensitive disk keeps them apart.
std::vector<std::string> told_apart(const std::vector<std::string>& wanted) {
    std::vector<std::string> names;
    for (const auto& name : wanted) {
        const auto used = [&](const std::string& candidate) {
            return std::ranges::any_of(names, [&](const std::string& one) { return archive::folded(one) == archive::folded(candidate); });
        };
        int number = 1;
        while (used(archive::numbered(name, number))) ++number;
        names.push_back(archive::numbered(name, number));
    }
    return names;
}

bool lies_in_or_is(const fs::path& folder, const fs::path& path) {
    const auto inside = path.lexically_relative(folder);
    return !inside.empty() && *inside.begin() != "..";
}

bool ends_everything(const Error& error) { return error.code() == "file.full" || error.code() == "file.read_only"; }

}  // namespace

void refuse_house_folders(const fs::path& to, const config::Settings& settings) {
    const auto& folders = settings.folders;
    const auto meant = fs::weakly_canonical(to);
    for (const auto& folder : {folders.root, folders.incoming, folders.backup, folders.pixel_sync, folders.compress, folders.library,
                               folders.delete_pending, folders.trash, settings.archive.root, settings.state_directory()})
        if (!folder.empty() && lies_in_or_is(fs::weakly_canonical(folder), meant))
            throw BadInput{"restore.inside", to.string() + " lies in " + folder.string() + ", where mediaferry works; name a folder apart from it"};
}

std::vector<std::string> names_together(const std::vector<std::string>& wanted, const std::function<There(std::size_t, const std::string&)>& is) {
    const auto base = told_apart(wanted);
    for (int number = 1; number < kMostNumbers; ++number) {
        std::vector<std::string> names;
        for (const auto& name : base) names.push_back(archive::numbered(name, number));
        bool fits = true;
        for (std::size_t i = 0; fits && i < names.size(); ++i) fits = is(i, names[i]) != There::other;
        if (fits) return names;
    }
    throw BadInput{"restore.names", "more than " + std::to_string(kMostNumbers) + " files called " + wanted.front() + " there"};
}

Restorer::Restorer(media_db::MediaDb& db, const config::Settings& settings, archive::Archive* archive, Sources& sources, Wish wish,
                   archive::Stop stop)
    : db_(db), settings_(settings), archive_(archive), sources_(sources), wish_(std::move(wish)), stop_(std::move(stop)) {}

Restorer::Content Restorer::content_of(const MediaItem& item) const {
    Content content{item, files::safe_name(item.filename), item.sha256, item.size, std::nullopt};
    if (!wish_.small_copies) return content;
    // Not made smaller yet: then the original is what there is.
    const auto copy = media_db::Evidence{db_}.current(item.id, Place::library);
    if (!copy) return content;
    content.name = files::safe_name(fs::path(item.filename).replace_extension(copy->path.extension()).string());
    content.sha256 = copy->sha256;
    content.size = copy->size;
    content.small = settings_.folders.library / copy->path;
    return content;
}

/// By the original's date, so that a live pair of New Year's Eve stays together.
fs::path Restorer::folder_of(const std::vector<MediaItem>& items) const {
    if (wish_.flat) return {};
    auto taken = items.front().taken;
    for (const auto& item : items)
        if (item.resource == ResourceKind::original) taken = item.taken;
    const auto compact = to_compact(taken);
    return fs::path(compact.substr(0, 4)) / compact.substr(4, 2);
}

There Restorer::what_is(const Content& content, const fs::path& path) const {
    const auto type = fs::symlink_status(path).type();
    if (type == fs::file_not_found) return There::nothing;
    if (type != fs::regular_file || fs::file_size(path) != content.size.count) return There::other;
    const auto file = files::Tree::open(path.parent_path()).open_read(path.filename());
    return digest_of(file.get(), path.string(), stop_).sha256 == content.sha256 ? There::same : There::other;
}

/// Returns where the bytes came from.
std::string Restorer::fill(const Content& content, const files::Tree& tree, const fs::path& part) {
    const auto copy_from = [&](int source, std::string_view from) {
        const auto copied = files::copy_in(source, tree, part, content.item.taken, stop_);
        if (copied.sha256 == content.sha256) return std::string(from);
        tree.remove(part);
        throw TransientError{"restore.damaged", std::string(from) + " has other bytes of " + content.name};
    };
    if (content.small) {
        const auto source = files::Tree::open(content.small->parent_path()).open_read(content.small->filename());
        return copy_from(source.get(), "the library");
    }
    std::string why;
    for (const auto from : wish_.from) {
        // One reading less than by way of the scratch folder, and checked all the same.
        const auto copy = from == From::nas ? media_db::Evidence{db_}.current(content.item.id, Place::nas) : std::nullopt;
        if (copy && archive_) try {
                archive_->fetch(copy->path, content.sha256, tree.root() / part, content.item.taken, stop_);
                return std::string(to_text(from));
            } catch (const Interrupted&) {
                throw;
            } catch (const Error& error) {
                if (ends_everything(error)) throw;
                why += (why.empty() ? "the NAS: " : "; the NAS: ") + full_message(error);
                continue;
            }
        if (from == From::nas) continue;
        if (const auto good = sources_.find(content.item, {from}, &why)) return copy_from(good->file.get(), to_text(from));
    }
    throw TransientError{"restore.no_source",
                         content.name + " cannot be had now" + (archive_ ? "" : " (the NAS is away)") + (why.empty() ? "" : ": " + why)};
}

std::string Restorer::write(const Content& content, const fs::path& path) {
    files::make_directories(path.parent_path());
    const auto tree = files::Tree::open(path.parent_path());
    // Always the same name for the same content: what an interrupted call left is met again.
    const fs::path part = ".mediaferry-" + to_hex(content.sha256).substr(0, 16) + ".part";
    tree.remove(part);
    auto from = MF_AROUND("restore.file.copy", fill(content, tree, part));
    if (files::read_back(tree, part, stop_).digests.sha256 != content.sha256) {
        tree.remove(part);
        throw TransientError{"restore.read_back_differs", path.string() + " reads back differently from what was written: check that disk"};
    }
    MF_AROUND("restore.file.rename", tree.rename_new(part, path.filename()));
    MF_AROUND("restore.file.fsync_folder", tree.sync_directory(""));
    return from;
}

std::vector<Restored> Restorer::photo(const std::vector<MediaItem>& items) {
    if (items.empty()) return {};
    std::vector<Content> contents;
    std::vector<std::string> wanted;
    for (const auto& item : items) {
        contents.push_back(content_of(item));
        wanted.push_back(contents.back().name);
    }
    const auto folder = folder_of(items);
    const auto names = names_together(wanted, [&](std::size_t i, const std::string& name) { return what_is(contents[i], wish_.to / folder / name); });
    std::vector<Restored> result;
    for (std::size_t i = 0; i < contents.size(); ++i) {
        const auto& content = contents[i];
        Restored one{Restored::How::would, content.item.id, content.item.filename, folder / names[i], "", content.size, std::nullopt};
        try {
            if (what_is(content, wish_.to / one.path) == There::same) {
                one.how = Restored::How::there;
            } else if (!wish_.dry_run) {
                one.from = files::in_our_words([&] { return write(content, wish_.to / one.path); });
                one.how = Restored::How::written;
            }
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            if (ends_everything(error)) throw;
            one.how = Restored::How::failed;
            one.reason = Reason{error.code(), full_message(error)};
        }
        result.push_back(std::move(one));
    }
    return result;
}

}  // namespace mediaferry::restore
