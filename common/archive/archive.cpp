// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/archive/archive.h"

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "common/archive/guard.h"
#include "common/archive/naming.h"
#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"

namespace mediaferry::archive {
namespace {

constexpr std::string_view kTempPrefix = ".mediaferry-tmp-";
constexpr int kMostNumbers = 10'000;
constexpr off_t kLongestMark = 8192;  ///< Store::clear_mark

/// Says of a file's trouble whether it is the whole archive's: then the run ends and the item goes back unharmed.
template <class Work>
auto on_the_archive(const fs::path& root, Work&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const Unavailable& error) {
        if (error.code().starts_with("nas.")) throw;
        std::throw_with_nested(Unavailable{"nas.unavailable", "the NAS at " + root.string() + " does not answer as a file system should"});
    } catch (const TransientError& error) {
        if (error.code() == "file.full") std::throw_with_nested(Unavailable{"nas.full", "the NAS at " + root.string() + " is full. Make room there"});
        if (error.code() == "file.read_only") std::throw_with_nested(Unavailable{"nas.read_only", "the NAS at " + root.string() + " is read-only"});
        throw;
    }
}

bool is_file_of(const std::optional<struct stat>& status, Bytes size) {
    return status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == size.count;
}

/// A temporary file that goes when it was not given its name; ours from the moment it is written, for the name may be another's.
class Temporary {
public:
    Temporary(const files::Store& tree, fs::path name) : tree_(tree), name_(std::move(name)) {}
    ~Temporary() {
        if (!ours_) return;
        try {
            tree_.remove(name_);
        } catch (const std::exception& error) {
            log::warning("temporary file stays behind", {{"PATH", name_.string()}, {"ERROR", error.what()}});
        }
    }
    Temporary(const Temporary&) = delete;
    Temporary& operator=(const Temporary&) = delete;
    const fs::path& name() const { return name_; }
    void is_there() { ours_ = true; }
    void given_its_name() { ours_ = false; }

private:
    const files::Store& tree_;
    fs::path name_;
    bool ours_ = false;
};

}  // namespace

struct Archive::Impl {
    std::unique_ptr<files::Store> store_;
    const files::Store& tree;
    Marker marker;
    Writer writer;
    int written = 0;
    std::map<fs::path, Listing> listings;

    Impl(guard::Held held, Writer who) : store_(std::move(held.tree)), tree(*store_), marker(std::move(held.marker)), writer(std::move(who)) {
        if (writer.tag.empty()) writer.tag = "pid" + std::to_string(::getpid());
    }

    /// Names in a directory; read once a run, since only names that exist exactly are dangerous and those the rename refuses.
    Listing& listing(const fs::path& directory) {
        constexpr std::size_t many = 256;
        if (const auto known = listings.find(directory); known != listings.end()) return known->second;
        if (listings.size() >= many) listings.clear();
        std::vector<std::string> names;
        if (directory.empty() || tree.status(directory)) names = tree.list(directory);
        remove_dead(directory, names);
        return listings.emplace(directory, Listing(names)).first->second;
    }

    /// A writer that died in the middle of an item comes back to the same directory with it: its leavings are met here.
    void remove_dead(const fs::path& directory, const std::vector<std::string>& names) {
        if (!writer.is_dead) return;
        for (const std::string_view name : names) {
            if (!name.starts_with(kTempPrefix)) continue;
            const auto tag = name.substr(kTempPrefix.size(), name.rfind('-') - kTempPrefix.size());
            if (tag == writer.tag || !writer.is_dead(tag)) continue;
            MF_AROUND("archive.remove_dead", tree.remove(directory / std::string(name)));
            log::info("temporary file of a dead run removed", {{"PATH", (directory / std::string(name)).string()}});
        }
    }

    fs::path temporary_in(const fs::path& directory) { return directory / (std::string(kTempPrefix) + writer.tag + "-" + std::to_string(++written)); }

    /// Past the cache, or nothing: an answer out of memory proves nothing.
    std::optional<Proof> prove(const fs::path& name, const Sha256& wanted, Bytes size, const Stop& stop) const {
        if (!is_file_of(tree.status(name), size)) return std::nullopt;
        const auto reading = tree.read_back(name, stop);
        if (!reading.past_the_cache)
            throw Unavailable{"nas.cache", (tree.root() / name).string() + " can only be read from memory (file system " + tree.kind() +
                                               "): no copy there can be proven. Use an archive on a disk or a network share"};
        if (reading.digests.sha256 != wanted || reading.digests.size != size) return std::nullopt;
        return Proof{reading.method};
    }

    struct Choice {
        fs::path path;
        std::optional<Proof> there_already;
    };

    Choice choose(const Incoming& file, const Stop& stop) {
        const auto directory = file.wanted.parent_path();
        auto& names = listing(directory);
        for (int number = 1; number < kMostNumbers; ++number) {
            const auto name = numbered(file.wanted.filename().string(), number);
            const auto alike = names.like(name);
            for (const auto& found : alike) {
                const auto path = directory / found;
                const auto status = tree.status(path);
                if (!is_file_of(status, file.size)) {
                    if (!status || status->st_size > kLongestMark || !tree.clear_mark(path)) continue;
                    listings.erase(directory);
                    return choose(file, stop);
                }
                not_itself(file, *status, path);
                // We did not write it this time: its bytes and its name are made durable before it counts.
                tree.make_durable(path);
                if (const auto proof = prove(path, file.sha256, file.size, stop)) return {path, proof};
            }
            if (alike.empty() && !sibling_would_clash(file, directory, names, number, stop)) return {directory / name, std::nullopt};
        }
        throw NeedsPerson{"nas.names", "more than " + std::to_string(kMostNumbers) + " files called " + file.wanted.filename().string() + " in " +
                                           (tree.root() / directory).string() + ". Use a finer archive.layout"};
    }

    /// The original is no copy of itself: counting it as one would let it be removed.
    void not_itself(const Incoming& file, const struct stat& candidate, const fs::path& path) const {
        if (tree.is_same_file(file.source, candidate))
            throw NeedsPerson{"nas.same_file", (tree.root() / path).string() +
                                                   " is the original itself, under another name or by a link. archive.root must lie apart from "
                                                   "the working folders, best on another machine"};
    }

    /// Whether another file of the asset could not have this number: then the pair would be torn apart.
    bool sibling_would_clash(const Incoming& file, const fs::path& directory, const Listing& names, int number, const Stop& stop) const {
        for (const auto& sibling : file.siblings) {
            for (const auto& found : names.like(numbered(sibling.filename, number))) {
                const auto path = directory / found;
                if (sibling.archived == path) continue;
                if (is_file_of(tree.status(path), sibling.size) && tree.digest(path, stop).sha256 == sibling.sha256) continue;
                return true;
            }
        }
        return false;
    }

    /// The file under a temporary name, complete, durable and read back.
    Proof write(const Incoming& file, Temporary& temporary, const Stop& stop, const Moved& moved) {
        const auto copied = MF_AROUND("archive.store.copy", tree.copy_in(file.source, temporary.name(), file.modified, stop, moved));
        temporary.is_there();
        if (copied.sha256 != file.sha256)
            throw NeedsPerson{"local.changed",
                              "the original of " + file.wanted.filename().string() +
                                  " is not the file that arrived any more (its SHA-256 differs). It was not archived. Put the right file back, or "
                                  "remove it and let it be downloaded again"};
        if (const auto proof = MF_AROUND("archive.store.read_back", prove(temporary.name(), file.sha256, file.size, stop))) return *proof;
        keep_as_evidence(file, temporary);
        throw TransientError{
            "nas.read_back_differs",
            "the copy of " + file.wanted.filename().string() +
                " on the NAS reads back differently from what was written. "
                "It does not count; the bad copy is kept beside it as .mediaferry-bad-…. If this comes again, check the NAS and its cables"};
    }

    /// One bad copy of a content is evidence enough; further ones would only fill the disk.
    void keep_as_evidence(const Incoming& file, Temporary& temporary) {
        const auto name = temporary.name().parent_path() / (".mediaferry-bad-" + to_hex(file.sha256).substr(0, 16));
        if (tree.status(name)) return;
        tree.rename_new(temporary.name(), name);
        temporary.given_its_name();
    }

    /// Gives the written file its name. False: somebody else took that name meanwhile.
    bool publish(const Incoming& file, Temporary& temporary, const fs::path& path, const Stop& stop) {
        try {
            MF_AROUND("archive.store.rename", tree.rename_new(temporary.name(), path));
        } catch (const Unavailable&) {
            throw;
        } catch (const TransientError& error) {
            if (error.code() == "file.exists") return false;
            // A repeated NFS request reports failure for a rename that happened: both names are looked at before believing it.
            if (tree.status(temporary.name()) || !prove(path, file.sha256, file.size, stop)) throw;
        }
        temporary.given_its_name();
        MF_AROUND("archive.store.fsync_folder", tree.sync_directory(path.parent_path()));
        listing(path.parent_path()).add(path.filename().string());
        return true;
    }

    Stored store(const Incoming& file, const Stop& stop, const Moved& moved) {
        const auto directory = file.wanted.parent_path();
        auto choice = choose(file, stop);
        if (choice.there_already) return {choice.path, true, *choice.there_already};
        if (!directory.empty()) MF_AROUND("archive.store.mkdir", tree.make_directories(directory));
        Temporary temporary{tree, temporary_in(directory)};
        const auto proof = write(file, temporary, stop, moved);
        guard::identity(tree, marker);
        while (!publish(file, temporary, choice.path, stop)) {
            listings.erase(directory);
            // Servers that take two spellings for one name (ä in one letter or in two) list only one of them: the refusal is remembered too.
            listing(directory).add(choice.path.filename().string());
            choice = choose(file, stop);
            if (choice.there_already) return {choice.path, true, *choice.there_already};
        }
        if (!is_file_of(tree.status(choice.path), file.size))
            throw TransientError{"nas.vanished", (tree.root() / choice.path).string() +
                                                     " is not there after it was written. Does something else work in the archive?"};
        // Between the check and the rename somebody may have unmounted it: the file is on the old disk then, and this run knows nothing of the new
        // one.
        guard::identity(tree, marker);
        return {choice.path, false, proof};
    }
};

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
        if (const auto marker = read_marker(*tree)) return {*marker, false};
        guard::writable(*tree, {});
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

Stored Archive::store(const Incoming& file, const Stop& stop, const Moved& moved) {
    check(file.size);
    return on_the_archive(impl_->tree.root(), [&] { return impl_->store(file, stop, moved); });
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
