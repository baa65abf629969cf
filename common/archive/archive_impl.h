#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// What an Archive is made of. Private to this folder.

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "common/archive/archive.h"
#include "common/archive/guard.h"
#include "common/archive/naming.h"
#include "common/errors/errors.h"

namespace mediaferry::archive {

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

inline bool is_file_of(const std::optional<struct stat>& status, Bytes size) {
    return status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == size.count;
}

/// Store::clear_mark
inline bool may_be_a_mark(const std::optional<struct stat>& status) {
    return status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) <= files::Store::longest_mark.count;
}

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
    Listing& listing(const fs::path& directory);
    /// A writer that died in the middle of an item comes back to the same directory with it: its leavings are met here.
    void remove_dead(const fs::path& directory, const std::vector<std::string>& names);
    fs::path temporary_in(const fs::path& directory);

    /// Past the cache, or nothing: an answer out of memory proves nothing.
    std::optional<Proof> prove(const fs::path& name, const Sha256& wanted, Bytes size, const Stop&) const;

    // ---- store.cpp
    struct Choice {
        fs::path path;
        std::optional<Sha256> sha256;  ///< of the original, where it had to be known
        std::optional<Proof> there_already;
    };
    Choice choose(const Incoming&, const Stop&);
    Sha256 content_of(const Incoming&, const Stop&) const;
    /// The original is no copy of itself: counting it as one would let it be removed.
    void not_itself(const Incoming&, const struct stat& candidate, const fs::path& path) const;
    /// Whether another file of the asset could not have this number: then the pair would be torn apart.
    bool sibling_would_clash(const Incoming&, const fs::path& directory, const Listing& names, int number, const Stop&) const;

    struct OnItsWay;
    using Round = std::vector<std::unique_ptr<OnItsWay>>;
    std::vector<Delivery> store_all(const std::vector<Incoming>&, const Stop&, const Moved&);
    std::size_t store_round(const std::vector<Incoming>&, std::size_t first, std::vector<Delivery>&, const Stop&, const Moved&);
    /// Writes it under a temporary name.
    std::unique_ptr<OnItsWay> write(const Incoming&, Choice, const Stop&, const Moved&);
    void must_read_back(OnItsWay&, const Stop&) const;
    void keep_as_evidence(OnItsWay&) const;
    /// Gives it its name; the folder is not flushed yet. False: somebody else took that name meanwhile.
    bool publish(OnItsWay&, const Stop&);
    /// The same under the next free name, until it has one or lies there already.
    void give_a_name(OnItsWay&, const Round&, const Stop&);
    struct stat must_lie_there(const fs::path&, Bytes size) const;
};

}  // namespace mediaferry::archive
