// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/archive.h"

#include "common/archive/archive_impl.h"
#include "common/archive/fitness.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::archive {
namespace {

constexpr std::string_view kTempPrefix = ".mediaferry-tmp-";

}  // namespace

Listing& Archive::Impl::listing(const fs::path& directory) {
    constexpr std::size_t many = 256;
    if (const auto known = listings.find(directory); known != listings.end()) return known->second;
    if (listings.size() >= many) listings.clear();
    std::vector<std::string> names;
    if (directory.empty() || tree.status(directory)) names = tree.list(directory);
    remove_dead(directory, names);
    return listings.emplace(directory, Listing(names)).first->second;
}

void Archive::Impl::remove_dead(const fs::path& directory, const std::vector<std::string>& names) {
    if (!writer.is_dead) return;
    for (const std::string_view name : names) {
        if (name.starts_with(files::Store::mark_aside)) tree.clear_mark(directory / std::string(name));
        if (!name.starts_with(kTempPrefix)) continue;
        const auto tag = name.substr(kTempPrefix.size(), name.rfind('-') - kTempPrefix.size());
        if (tag == writer.tag || !writer.is_dead(tag)) continue;
        MF_AROUND("archive.remove_dead", tree.remove(directory / std::string(name)));
        log::info("temporary file of a dead run removed", {{"PATH", (directory / std::string(name)).string()}});
    }
}

fs::path Archive::Impl::temporary_in(const fs::path& directory) {
    return directory / (std::string(kTempPrefix) + writer.tag + "-" + std::to_string(++written));
}

std::optional<Proof> Archive::Impl::prove(const fs::path& name, const Sha256& wanted, Bytes size, const Stop& stop) const {
    if (!is_file_of(tree.status(name), size)) return std::nullopt;
    const auto reading = tree.read_back(name, stop);
    if (!reading.past_the_cache)
        throw Unavailable{"nas.cache", (tree.root() / name).string() + " can only be read from memory (file system " + tree.kind() +
                                           "): no copy there can be proven. Use an archive on a disk or a network share"};
    if (reading.digests.sha256 != wanted || reading.digests.size != size) return std::nullopt;
    return Proof{reading.method};
}

Archive::Archive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Archive::~Archive() = default;
Archive::Archive(Archive&&) noexcept = default;
Archive& Archive::operator=(Archive&&) noexcept = default;

Archive Archive::open(const config::Archive& settings, const std::optional<std::string>& expected, Writer writer) {
    return on_the_archive(settings.root, [&] {
        Archive archive{std::make_unique<Impl>(guard::hold(settings, expected), std::move(writer))};
        archive.check_identity();
        return archive;
    });
}

std::pair<Marker, bool> Archive::initialise(const config::Archive& settings, Timestamp now) {
    return on_the_archive(settings.root, [&]() -> std::pair<Marker, bool> {
        const auto tree = guard::open_root(settings);
        clear_dead_mark(*tree);
        if (const auto marker = read_marker(*tree)) return {*marker, false};
        guard::writable(*tree, {});
        must_be_fit(*tree);
        return {write_marker(*tree, now), true};
    });
}

const files::Store& Archive::tree() const { return impl_->tree; }

const Marker& Archive::marker() const { return impl_->marker; }

std::string Archive::place() const { return impl_->tree.place(); }

void Archive::check(Bytes room) const {
    check_identity();
    on_the_archive(impl_->tree.root(), [&] { guard::writable(impl_->tree, room); });
}

void Archive::check_identity() const {
    on_the_archive(impl_->tree.root(), [&] { guard::identity(impl_->tree, impl_->marker); });
}

std::vector<Delivery> Archive::store_all(const std::vector<Incoming>& files, const Stop& stop, const Moved& moved) {
    Bytes room;
    for (const auto& file : files) room += file.size;
    check(room);
    return on_the_archive(impl_->tree.root(), [&] { return impl_->store_all(files, stop, moved); });
}

Stored Archive::store(const Incoming& file, const Stop& stop, const Moved& moved) {
    auto delivery = store_all({file}, stop, moved).front();
    if (delivery.failed) std::rethrow_exception(delivery.failed);
    return std::move(*delivery.stored);
}

bool Archive::clear_mark(const fs::path& path) {
    return on_the_archive(impl_->tree.root(), [&] {
        if (!may_be_a_mark(impl_->tree.status(path))) return false;
        impl_->listing(path.parent_path());  // the file that was to be renamed goes first: as long as it is there the mark is somebody's
        if (!impl_->tree.clear_mark(path)) return false;
        impl_->listings.erase(path.parent_path());
        return true;
    });
}

void Archive::remove_dead_temporaries() {
    on_the_archive(impl_->tree.root(), [&] {
        for (const auto& [directory, names] : impl_->listings)
            if (directory.empty() || impl_->tree.status(directory)) impl_->remove_dead(directory, impl_->tree.list(directory));
    });
}

fs::path Archive::temporary_in(const fs::path& directory) const {
    return on_the_archive(impl_->tree.root(), [&] {
        if (directory.empty() || impl_->tree.status(directory)) impl_->remove_dead(directory, impl_->tree.list(directory));
        return impl_->temporary_in(directory);
    });
}

Archive::Reread Archive::reread(const fs::path& path, const Sha256& wanted, const Stop& stop) const {
    check_identity();
    return on_the_archive(impl_->tree.root(), [&]() -> Reread {
        const auto status = impl_->tree.status(path);
        if (!status) return {Reading::missing, {}};
        if (!S_ISREG(status->st_mode)) return {Reading::different, {}};
        const auto reading = impl_->tree.read_back(path, stop);
        if (!reading.past_the_cache)
            throw TransientError{"nas.cache", path.string() + " could not be read past the page cache: some program has it open. Try again later"};
        check_identity();
        return {reading.digests.sha256 == wanted ? Reading::same : Reading::different, {reading.method}};
    });
}

std::optional<Bytes> Archive::size_of(const fs::path& path) const {
    return on_the_archive(impl_->tree.root(), [&]() -> std::optional<Bytes> {
        const auto status = impl_->tree.status(path);
        if (status && S_ISREG(status->st_mode)) return Bytes{static_cast<std::uint64_t>(status->st_size)};
        // Of a NAS that went away meanwhile nothing is missing.
        guard::identity(impl_->tree, impl_->marker);
        return std::nullopt;
    });
}

fs::path Archive::set_damaged_aside(const fs::path& path, Timestamp now) {
    check();
    return on_the_archive(impl_->tree.root(), [&] {
        const auto aside = fs::path(".mediaferry") / "damaged" / to_compact(now) / path;
        const auto free = files::free_name(aside, [&](const fs::path& name) { return impl_->tree.status(name).has_value(); });
        impl_->tree.make_directories(free.parent_path());
        impl_->tree.rename_new(path, free);
        impl_->tree.sync_directory(free.parent_path());
        impl_->tree.sync_directory(path.parent_path());
        impl_->listings.erase(path.parent_path());
        return free;
    });
}

void Archive::fetch(const fs::path& path, const Sha256& wanted, const fs::path& to, Timestamp modified, const Stop& stop) const {
    check_identity();
    const auto& tree = impl_->tree;
    if (!tree.status(path)) throw TransientError{"nas.missing", path.string() + " is not in the archive any more. Run `mediaferry archive verify`"};
    const auto home = files::Tree::open(to.parent_path());
    const auto copied = tree.copy_out(path, home, to.filename(), modified, stop);
    if (copied.sha256 == wanted) return;
    home.remove(to.filename());
    throw TransientError{"nas.damaged", path.string() + " in the archive is not what was archived any more. Run `mediaferry archive verify`"};
}

}  // namespace mediaferry::archive
