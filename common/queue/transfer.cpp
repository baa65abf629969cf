// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/queue/transfer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <set>
#include <variant>

#include "common/failpoint/failpoint.h"
#include "common/files/at_once.h"
#include "common/files/temporary.h"

namespace mediaferry::queue {

namespace {

struct stat look(const files::Descriptor& file, const std::string& name) {
    struct stat found {};
    if (::fstat(file.get(), &found) != 0) files::throw_errno(errno, "cannot look at", name);
    return found;
}

struct stat look(const files::Store& store, const fs::path& name) {
    const auto found = store.status(name);
    if (!found || !S_ISREG(found->st_mode)) throw TransientError{"file.refused", (store.root() / name).string() + " is no regular file (any more)"};
    return *found;
}

bool same_state(const struct stat& a, const struct stat& b) {
    return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
           a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

std::int64_t nanoseconds_of(const struct stat& status) {
    return static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec;
}

Timestamp modified_of(const struct stat& status) { return Timestamp{std::chrono::seconds{status.st_mtim.tv_sec}}; }

TransientError changed(const std::string& name) { return {"file.changed", name + " was changed while it was being copied; it was not taken"}; }

/// One name a path, so that what a run that died left there is met by the next one; nobody else writes it: one run has the queue at a time.
fs::path unfinished_name(const fs::path& path) {
    return path.parent_path() / (".mediaferry-queue-" + to_hex(files::digest_bytes(path.native()).sha256).substr(0, 16) + ".part");
}

/// A full disk here is the whole run's trouble.
template <class Work>
auto on_the_disk_here(const files::Tree& local, Work&& work) -> decltype(work()) {
    try {
        return work();
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        if (error.code() == "file.full")
            std::throw_with_nested(Unavailable{"local.full", "the disk of " + local.root().string() + " is full. Make room there"});
        if (error.code() == "file.read_only")
            std::throw_with_nested(Unavailable{"local.read_only", "the disk of " + local.root().string() + " is read-only"});
        throw;
    }
}

Reason name_taken() { return {"queue.differs", "another file lies there under this name; nothing is overwritten"}; }

/// Of the bytes the index has a hash: they must still be those.
void as_indexed(const archive_index::Index& index, const fs::path& path, const struct stat& status, const Sha256& got) {
    const auto row = index.at(path.native());
    if (!row || !row->sha256 || *row->sha256 == got || row->size.count != static_cast<std::uint64_t>(status.st_size) ||
        row->modified_ns != nanoseconds_of(status))
        return;
    throw TransientError{"nas.damaged", path.string() + " in the archive is not what it was when it was hashed. Run `mediaferry archive verify`"};
}

}  // namespace

Sha256 digest_here(const files::Tree& tree, const fs::path& path, const std::function<bool()>& stop) {
    const auto shown = (tree.root() / path).string();
    const auto file = tree.open_read(path);
    const auto before = look(file, shown);
    const auto sha256 = files::digest_open_file(file.get(), shown, stop).sha256;
    if (!same_state(before, look(file, shown))) throw changed(shown);
    return sha256;
}

Sha256 digest_there(const files::Store& store, const fs::path& path, const std::function<bool()>& stop) {
    const auto before = look(store, path);
    const auto sha256 = store.digest(path, stop).sha256;
    if (!same_state(before, look(store, path))) throw changed((store.root() / path).string());
    return sha256;
}

namespace {

/// One file's trouble is told of that file; what ends the run is thrown.
template <class Work>
void attempt(Transferred& one, const Work& work) {
    try {
        files::in_our_words(work);
    } catch (const Unavailable&) {
        throw;
    } catch (const Interrupted&) {
        throw;
    } catch (const Error&) {
        one.failed = std::current_exception();
    }
}

/// One that pull() has in hand.
struct Coming {
    Coming(Transferred& to, const fs::path& from, const files::Tree& local) : result(to), path(from), copy(local, unfinished_name(from)) {}
    Transferred& result;
    const fs::path& path;
    files::Temporary<files::Tree> copy;
    std::unique_ptr<files::Arriving> bytes;
    files::Digests digests;
};

/// Why it does not come, before anything is written.
std::optional<Reason> refused(const Sides& sides, const fs::path& path) {
    if (!sides.archive.tree().status(path)) {
        sides.archive.check_identity();
        return Reason{"queue.gone", "it is not on the NAS any more; mediaferry archive reindex brings the index up to date"};
    }
    if (sides.local.status(path)) return name_taken();
    return std::nullopt;
}

void write_here(const Sides& sides, Coming& one) {
    const auto& [local, archive, index, stop, moved] = sides;
    const auto& path = one.path;
    const auto before = look(archive.tree(), path);
    // Told before hours of copying, not after.
    if (files::free_space(local.root()).free.count < static_cast<std::uint64_t>(before.st_size))
        throw Unavailable{"local.full", "the disk of " + local.root().string() + " has no room for " + path.string() + ". Make room there"};
    local.make_directories(path.parent_path());
    local.remove(one.copy.name());
    one.bytes = MF_AROUND("queue.pull.copy", archive.tree().write_out(path, local, one.copy.name(), modified_of(before), stop, moved));
    one.copy.is_there();
    one.digests = one.bytes->digests();
    if (!same_state(before, look(archive.tree(), path))) throw changed((archive.tree().root() / path).string());
    as_indexed(index, path, before, one.digests.sha256);
}

void read_back_here(const Sides& sides, const Coming& one) {
    if (files::read_back(sides.local, one.copy.name(), sides.stop).digests != one.digests)
        throw TransientError{"file.io",
                             "the copy of " + one.path.string() + " in " + sides.local.root().string() + " reads back differently; check that disk"};
}

void give_the_name(const Sides& sides, Coming& one) {
    try {
        MF_AROUND("queue.pull.rename", sides.local.rename_new(one.copy.name(), one.path));
        one.copy.given_its_name();
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        if (error.code() != "file.exists") throw;
        one.result.reason = name_taken();
    }
}

}  // namespace

std::vector<Transferred> pull(const Sides& sides, const std::vector<fs::path>& paths) {
    const auto& local = sides.local;
    std::vector<Transferred> pulled(paths.size());
    std::vector<std::unique_ptr<Coming>> coming;
    const auto each = [&](const auto& work, bool threads = false) {
        files::at_once(coming.size(), threads, [&](std::size_t at) {
            attempt(coming[at]->result, [&] { on_the_disk_here(local, [&] { work(*coming[at]); }); });
        });
        std::erase_if(coming, [](const auto& one) { return one->result.failed != nullptr || one->result.reason.has_value(); });
    };
    constexpr bool some_at_a_time = true;

    sides.archive.check_identity();
    for (std::size_t at = 0; at < paths.size(); ++at) {
        attempt(pulled[at], [&] {
            pulled[at].reason = refused(sides, paths[at]);
            if (pulled[at].reason) return;
            auto one = std::make_unique<Coming>(pulled[at], paths[at], local);
            on_the_disk_here(local, [&] { write_here(sides, *one); });
            coming.push_back(std::move(one));
        });
    }
    if (coming.size() > 1) each([](Coming& one) { one.bytes->depart(); });
    each(
        [](Coming& one) {
            one.bytes->settle();
            one.bytes.reset();
        },
        some_at_a_time);
    each([&](Coming& one) { read_back_here(sides, one); }, some_at_a_time);
    if (coming.empty()) return pulled;

    sides.archive.check_identity();
    each([&](Coming& one) { give_the_name(sides, one); });
    std::set<fs::path> folders;
    for (const auto& one : coming) folders.insert(one->path.parent_path());
    on_the_disk_here(local, [&] {
        for (const auto& folder : folders) local.sync_directory(folder);
    });
    return pulled;
}

namespace {

/// One that push() has in hand: its file stays open until the archive has read it.
struct Leaving {
    std::size_t number;
    files::Descriptor source;
};

/// What the archive is to be given; a reason: it is not.
std::variant<Reason, archive::Incoming> prepare(const Sides& sides, const fs::path& path, files::Descriptor& source) {
    const auto& [local, archive, index, stop, moved] = sides;
    if (!local.status(path)) return Reason{"queue.gone", "it is not here any more"};
    // The archive would give the file a number; here a person compares names with names.
    std::optional<Sha256> sha256;
    if (archive.tree().status(path) && !archive.clear_mark(path)) {
        sha256 = digest_here(local, path, stop);
        if (archive.reread(path, *sha256, stop).reading != archive::Archive::Reading::same) return name_taken();
    }
    source = local.open_read(path);
    const auto here = look(source, (local.root() / path).string());
    return archive::Incoming{source.get(), path, sha256, {static_cast<std::uint64_t>(here.st_size)}, modified_of(here), {}};
}

archive_index::Row row_of(const archive_index::Index& index, const archive::Stored& stored, Timestamp now) {
    const auto known = index.at(stored.path.native());
    const auto& status = stored.status;
    return {stored.path.native(),
            {static_cast<std::uint64_t>(status.st_size)},
            nanoseconds_of(status),
            status.st_ino,
            stored.sha256,
            now,
            now,
            known ? known->file_class : archive_index::Class::foreign};
}

}  // namespace

std::vector<Transferred> push(const Sides& sides, const std::vector<fs::path>& paths, Timestamp now) {
    std::vector<Transferred> pushed(paths.size());
    std::vector<archive::Incoming> incoming;
    std::vector<Leaving> leaving;
    for (std::size_t at = 0; at < paths.size(); ++at) {
        attempt(pushed[at], [&] {
            Leaving one{at, {}};
            auto prepared = prepare(sides, paths[at], one.source);
            if (auto* reason = std::get_if<Reason>(&prepared)) {
                pushed[at].reason = std::move(*reason);
                return;
            }
            incoming.push_back(std::get<archive::Incoming>(std::move(prepared)));
            leaving.push_back(std::move(one));
        });
    }
    auto deliveries = sides.archive.store_all(incoming, sides.stop, sides.moved);
    for (std::size_t at = 0; at < leaving.size(); ++at) {
        const auto& path = paths[leaving[at].number];
        auto& one = pushed[leaving[at].number];
        one.failed = deliveries[at].failed;
        if (one.failed) continue;
        const auto& stored = *deliveries[at].stored;
        one.row = row_of(sides.index, stored, now);
        if (stored.path != path)
            one.reason = Reason{"queue.renamed", "lies on the NAS as " + stored.path.string() + ": the server takes both names for one"};
    }
    return pushed;
}

}  // namespace mediaferry::queue
