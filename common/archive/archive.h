#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The archive: the one place that writes there, and the proof that what was written is there. Reached through one descriptor held on its
// root, or as a share that is spoken to without a mount (smb://), and guarded by a marker; nothing in this face says which.
//
// Trouble with the archive as a whole throws Unavailable: nas.unmounted (root or marker missing), nas.detached (something else is at its
// path now), nas.full, nas.read_only, nas.cache (its file system cannot be read past the page cache), nas.unavailable; of a share also
// nas.away, nas.no_share and SignInRequired "nas.login". A foreign archive is NeedsPerson "nas.other".

#include <sys/stat.h>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/archive/marker.h"
#include "common/config/settings.h"
#include "common/files/store.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/sha256.h"
#include "common/types/timestamp.h"

namespace mediaferry::archive {

using Stop = std::function<bool()>;        ///< true: throw Interrupted
using Moved = std::function<void(Bytes)>;  ///< told each block's bytes

/// Who writes: marks temporary files, so that those of a writer that died can be told from those of one at work.
struct Writer {
    std::string tag;                                    ///< letters, digits, '-'
    std::function<bool(std::string_view tag)> is_dead;  ///< whether files marked with `tag` are ours and nobody's any more
};

/// Another file of the same asset and stem: it gets the same number when names clash (IMG_1-2.HEIC and IMG_1-2.MOV).
struct Sibling {
    std::string filename;
    Sha256 sha256;
    Bytes size;
    std::optional<fs::path> archived;  ///< where it lies, if it does
};

struct Incoming {
    int source = -1;  ///< open for reading
    fs::path wanted;  ///< relative, as the layout says
    std::optional<Sha256> sha256;  ///< taken on arrival; absent: what is read counts, unless the file changes meanwhile (file.changed)
    Bytes size;
    Timestamp modified;  ///< becomes the copy's modification time
    std::vector<Sibling> siblings;
    fs::path original = {};  ///< where a person finds it, for texts; empty: `wanted` says enough
};

/// How bytes were read past the cache, and that they were the right ones.
struct Proof {
    std::string method;  ///< "direct" | "evicted" | "server" (a share: its server gave the bytes, nobody says where from)
};

struct Stored {
    fs::path path;         ///< relative, final
    bool adopted = false;  ///< it was there already with these bytes; nothing was written
    Proof proof;
    Sha256 sha256;
    struct stat status {};  ///< as it lies there
};

/// What became of one of several: `stored`, or what was thrown for it alone.
struct Delivery {
    std::optional<Stored> stored;
    std::exception_ptr failed;
};

class Archive {
public:
    /// Opens and checks it. `expected`: the uuid this house knows; absent at first use.
    static Archive open(const config::Archive&, const std::optional<std::string>& expected, Writer = {});
    /// Makes the directory an archive, or says which one it is already (false). Throws Unavailable ("nas.unmounted") when there is no directory.
    static std::pair<Marker, bool> initialise(const config::Archive&, Timestamp now);

    ~Archive();
    Archive(Archive&&) noexcept;
    Archive& operator=(Archive&&) noexcept;

    const Marker& marker() const;
    /// What is said of the place in a receipt: {"device": …, "mount": …} or {"server": …, "share": …} as JSON.
    std::string place() const;

    /// The guard, before every file: marker, identity, writable, and room for `room` above the reserve.
    void check(Bytes room = {}) const;
    /// marker and identity only: enough before reading.
    void check_identity() const;

    /// Copies, fsyncs, reads back past the cache, makes visible by rename, fsyncs the directory: I2 and I4. Never overwrites: a different file
    /// under that name gets the new one a number; the same content there already is proven and adopted.
    /// Throws NeedsPerson ("local.changed") when the source is not what arrived, TransientError ("nas.read_back_differs"; the bad copy is kept).
    Stored store(const Incoming&, const Stop& = {}, const Moved& = {});
    /// The same of several at once, in this order: their flushes meet. Each counts or fails by itself; what ends a run (Unavailable, Interrupted) is
    /// thrown, and of those in hand none counts then. Keep them few: all of their bytes are on their way
    /// together. `stop` may be asked from several threads.
    std::vector<Delivery> store_all(const std::vector<Incoming>&, const Stop& = {}, const Moved& = {});

    /// Whether nothing lies at `path` any more: what lay there was the mark of a rename that a run began and died before (Store::clear_mark).
    bool clear_mark(const fs::path& path);

    /// Temporary files of writers that died since this one first saw their directory: gone, in every directory that store() was in.
    void remove_dead_temporaries();
    /// A name for a file that is not complete yet; those of writers that died there are removed on the way.
    fs::path temporary_in(const fs::path& directory) const;

    enum class Reading { same, different, missing };
    struct Reread {
        Reading reading = Reading::missing;
        Proof proof;
    };
    /// Reads an archived file past the cache. Throws TransientError ("nas.cache") when that was not possible this time.
    Reread reread(const fs::path& path, const Sha256&, const Stop& = {}) const;
    /// Size of the file at `path`; nullopt: there is none (or no regular file), in the archive that was opened and in no other.
    std::optional<Bytes> size_of(const fs::path& path) const;
    /// Moves a damaged file out of the way, to .mediaferry/damaged/<when>/<path>; nothing is deleted. Returns where it lies now.
    fs::path set_damaged_aside(const fs::path& path, Timestamp now);

    /// Brings an archived file home as the new file `to`, checked on the way. Throws TransientError ("nas.damaged", "nas.missing").
    void fetch(const fs::path& path, const Sha256&, const fs::path& to, Timestamp modified, const Stop& = {}) const;

    /// The tree itself, for the books that common/archive_index keeps in it and for scans: photos go through store() alone.
    const files::Store& tree() const;

private:
    struct Impl;
    explicit Archive(std::unique_ptr<Impl>);
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::archive
