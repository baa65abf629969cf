// SPDX-License-Identifier: GPL-3.0-or-later
// How files come into the archive: some at once under temporary names, flushed together, each read back, then named, their folders flushed; only then
// do they count (I2, I4). The order is the same for one.
#include <sys/stat.h>

#include <set>

#include "common/archive/archive_impl.h"
#include "common/failpoint/failpoint.h"
#include "common/files/at_once.h"
#include "common/files/files.h"
#include "common/files/temporary.h"

namespace mediaferry::archive {
namespace {

constexpr int kMostNumbers = 10'000;

struct stat state_of(const Incoming& file) {
    struct stat found {};
    if (::fstat(file.source, &found) != 0) files::throw_errno(errno, "looking at the original of", file.wanted.string());
    return found;
}

bool same_state(const struct stat& a, const struct stat& b) {
    return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
           a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

TransientError changed(const Incoming& file) {
    return {"file.changed", file.wanted.string() + " was changed while it was being copied; it was not taken"};
}

}  // namespace

struct Archive::Impl::OnItsWay {
    OnItsWay(const files::Store& tree, const Incoming& what, Choice where, fs::path unfinished)
        : file(what), choice(std::move(where)), temporary(tree, std::move(unfinished)) {}
    const Incoming& file;
    Choice choice;
    files::Temporary<files::Store> temporary;
    std::unique_ptr<files::Arriving> bytes;
    Sha256 sha256;
    Proof proof;
    bool adopted = false;
    Delivery* delivery = nullptr;
};

Archive::Impl::Choice Archive::Impl::choose(const Incoming& file, const Stop& stop) {
    auto sha256 = file.sha256;
    const auto directory = file.wanted.parent_path();
    auto& names = listing(directory);
    for (int number = 1; number < kMostNumbers; ++number) {
        const auto name = numbered(file.wanted.filename().string(), number);
        const auto alike = names.like(name);
        for (const auto& found : alike) {
            const auto path = directory / found;
            const auto status = tree.status(path);
            if (!is_file_of(status, file.size)) {
                if (!may_be_a_mark(status) || !tree.clear_mark(path)) continue;
                listings.erase(directory);
                return choose(file, stop);
            }
            not_itself(file, *status, path);
            // We did not write it this time: its bytes and its name are made durable before it counts.
            tree.make_durable(path);
            if (!sha256) sha256 = content_of(file, stop);
            if (const auto proof = prove(path, *sha256, file.size, stop)) return {path, sha256, proof};
        }
        if (alike.empty() && !sibling_would_clash(file, directory, names, number, stop)) return {directory / name, sha256, std::nullopt};
    }
    throw NeedsPerson{"nas.names", "more than " + std::to_string(kMostNumbers) + " files called " + file.wanted.filename().string() + " in " +
                                       (tree.root() / directory).string() + ". Use a finer archive.layout"};
}

/// Nobody knew it before: it is that of one state of the file, or none.
Sha256 Archive::Impl::content_of(const Incoming& file, const Stop& stop) const {
    const auto before = state_of(file);
    const auto sha256 = files::digest_open_file(file.source, file.wanted.string(), stop).sha256;
    if (!same_state(before, state_of(file)) || static_cast<std::uint64_t>(before.st_size) != file.size.count) throw changed(file);
    return sha256;
}

void Archive::Impl::not_itself(const Incoming& file, const struct stat& candidate, const fs::path& path) const {
    if (tree.is_same_file(file.source, candidate))
        throw NeedsPerson{"nas.same_file", (tree.root() / path).string() +
                                               " is the original itself, under another name or by a link. archive.root must lie apart from "
                                               "the working folders, best on another machine"};
}

bool Archive::Impl::sibling_would_clash(const Incoming& file, const fs::path& directory, const Listing& names, int number, const Stop& stop) const {
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

std::unique_ptr<Archive::Impl::OnItsWay> Archive::Impl::write(const Incoming& file, Choice choice, const Stop& stop, const Moved& moved) {
    const auto directory = choice.path.parent_path();
    if (!directory.empty()) MF_AROUND("archive.store.mkdir", tree.make_directories(directory));
    auto one = std::make_unique<OnItsWay>(tree, file, std::move(choice), temporary_in(directory));
    const auto before = state_of(file);
    one->bytes = MF_AROUND("archive.store.copy", tree.write_in(file.source, one->temporary.name(), file.modified, stop, moved));
    one->temporary.is_there();
    const auto& copied = one->bytes->digests();
    one->sha256 = one->choice.sha256.value_or(copied.sha256);
    if (copied.sha256 != one->sha256) {
        if (!file.sha256) throw changed(file);
        throw NeedsPerson{"local.changed",
                          (file.original.empty() ? file.wanted.filename() : file.original).string() +
                              " is not the file that arrived any more (its SHA-256 differs). It was not archived. Put the right file back, or "
                              "remove it and let it be downloaded again"};
    }
    if (!file.sha256 && (copied.size != file.size || !same_state(before, state_of(file)))) throw changed(file);
    return one;
}

void Archive::Impl::must_read_back(OnItsWay& one, const Stop& stop) const {
    const auto& file = one.file;
    if (const auto proof = MF_AROUND("archive.store.read_back", prove(one.temporary.name(), one.sha256, file.size, stop))) {
        one.proof = *proof;
        return;
    }
    keep_as_evidence(one);
    throw TransientError{
        "nas.read_back_differs",
        "the copy of " + file.wanted.filename().string() +
            " on the NAS reads back differently from what was written. "
            "It does not count; the bad copy is kept beside it as .mediaferry-bad-…. If this comes again, check the NAS and its cables"};
}

/// One bad copy of a content is evidence enough; further ones would only fill the disk.
void Archive::Impl::keep_as_evidence(OnItsWay& one) const {
    const auto name = one.temporary.name().parent_path() / (".mediaferry-bad-" + to_hex(one.sha256).substr(0, 16));
    if (tree.status(name)) return;
    tree.rename_new(one.temporary.name(), name);
    one.temporary.given_its_name();
}

bool Archive::Impl::publish(OnItsWay& one, const Stop& stop) {
    const auto& path = one.choice.path;
    try {
        MF_AROUND("archive.store.rename", tree.rename_new(one.temporary.name(), path));
    } catch (const Unavailable&) {
        throw;
    } catch (const TransientError& error) {
        if (error.code() == "file.exists") return false;
        // A repeated NFS request reports failure for a rename that happened: both names are looked at before believing it.
        if (tree.status(one.temporary.name()) || !prove(path, one.sha256, one.file.size, stop)) throw;
    }
    one.temporary.given_its_name();
    listing(path.parent_path()).add(path.filename().string());
    return true;
}

void Archive::Impl::give_a_name(OnItsWay& one, const Round& round, const Stop& stop) {
    const auto directory = one.choice.path.parent_path();
    while (!publish(one, stop)) {
        listings.erase(directory);
        // Servers that take two spellings for one name (ä in one letter or in two) list only one of them: the refusal is remembered too. So are
        // the names that the others of this round are about to get.
        auto& names = listing(directory);
        for (const auto& other : round)
            if (other->choice.path.parent_path() == directory) names.add(other->choice.path.filename().string());
        one.choice = choose(one.file, stop);
        if (!one.choice.there_already) continue;
        one.proof = *one.choice.there_already;
        one.adopted = true;
        return;
    }
}

struct stat Archive::Impl::must_lie_there(const fs::path& path, Bytes size) const {
    const auto status = tree.status(path);
    if (!is_file_of(status, size))
        throw TransientError{
            "nas.vanished", (tree.root() / path).string() + " is not there after it was written. Does something else work in the archive?"};
    return *status;
}

std::size_t Archive::Impl::store_round(const std::vector<Incoming>& files, std::size_t first, std::vector<Delivery>& deliveries, const Stop& stop,
                                       const Moved& moved) {
    /// One file's trouble is told of that file; what ends the run is thrown, and then nothing of this round counts.
    const auto attempt = [&](Delivery& delivery, const auto& work) {
        try {
            on_the_archive(tree.root(), work);
        } catch (const Unavailable&) {
            throw;
        } catch (const Interrupted&) {
            throw;
        } catch (const Error&) {
            delivery.failed = std::current_exception();
        }
    };
    Round round;
    const auto each = [&](const auto& work, bool threads = false) {
        files::at_once(round.size(), threads && tree.takes_threads(), [&](std::size_t at) { attempt(*round[at]->delivery, [&] { work(*round[at]); }); });
        std::erase_if(round, [](const auto& one) { return one->delivery->failed != nullptr; });
    };
    constexpr bool some_at_a_time = true;

    std::set<std::string> names;
    std::size_t next = first;
    for (bool clash = false; next < files.size(); ++next) {
        attempt(deliveries[next], [&] {
            auto choice = choose(files[next], stop);
            if (choice.there_already) {
                deliveries[next].stored =
                    Stored{choice.path, true, *choice.there_already, *choice.sha256, must_lie_there(choice.path, files[next].size)};
                return;
            }
            // Two that want one name, or names that a server takes for one: the second comes when the first is there to be seen.
            clash = !names.insert(folded(choice.path.string())).second;
            if (clash) return;
            auto one = write(files[next], std::move(choice), stop, moved);
            one->delivery = &deliveries[next];
            round.push_back(std::move(one));
        });
        if (clash) break;
    }
    if (round.size() > 1) each([](OnItsWay& one) { one.bytes->depart(); });
    each(
        [](OnItsWay& one) {
            one.bytes->settle();
            one.bytes.reset();
        },
        some_at_a_time);
    each([&](OnItsWay& one) { must_read_back(one, stop); }, some_at_a_time);
    if (round.empty()) return next;

    guard::identity(tree, marker);
    each([&](OnItsWay& one) { give_a_name(one, round, stop); });
    std::set<fs::path> folders;
    for (const auto& one : round) folders.insert(one->choice.path.parent_path());
    for (const auto& folder : folders) MF_AROUND("archive.store.fsync_folder", tree.sync_directory(folder));
    each([&](OnItsWay& one) {
        one.delivery->stored = Stored{one.choice.path, one.adopted, one.proof, one.sha256, must_lie_there(one.choice.path, one.file.size)};
    });
    // Between the check and the rename somebody may have unmounted it: the files are on the old disk then, and this run knows nothing of the new
    // one.
    guard::identity(tree, marker);
    return next;
}

std::vector<Delivery> Archive::Impl::store_all(const std::vector<Incoming>& files, const Stop& stop, const Moved& moved) {
    std::vector<Delivery> deliveries(files.size());
    for (std::size_t at = 0; at < files.size();) at = store_round(files, at, deliveries, stop, moved);
    return deliveries;
}

}  // namespace mediaferry::archive
