// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_places.h"

#include <sys/stat.h>

#include "common/archive/known.h"
#include "common/errors/errors.h"
#include "common/files/files.h"

namespace mediaferry::daemon {

using media_db::MediaItem;

void AuditPlaces::open_nas(media_db::MediaDb& db, Ledger& ledger) {
    try {
        archive_.emplace(archive::Archive::open(settings_.archive, archive::known_uuid(db)));
    } catch (const Error& error) {
        ledger.unreached({"nas", error.code(), full_message(error), dynamic_cast<const SignInRequired*>(&error) != nullptr});
    }
}

void AuditPlaces::file(const AuditFacts& facts, bool read_bytes, Ledger& ledger) {
    const auto& item = facts.item;
    if (item.local_path) at_home(*item.local_path, item.size, item.sha256, "I5", "the original", item, read_bytes, ledger);
    if (facts.library)
        at_home(settings_.folders.library / facts.library->path, facts.library->size, facts.library->sha256, "I6", "its copy in the library", item,
                read_bytes, ledger);
    if (archive_ && item.synced_nas && facts.nas) on_nas(facts, read_bytes, ledger);
}

void AuditPlaces::at_home(const fs::path& path, Bytes size, const Sha256& sha256, const std::string& invariant, const std::string& what,
                          const MediaItem& item, bool read_bytes, Ledger& ledger) {
    struct stat status {};
    const bool there = ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == size.count;
    ledger.expect(there, invariant, item, what + " is missing or has another size: " + path.string());
    if (!there || !read_bytes) return;
    // What the page cache remembers of a rotten sector is what was right once.
    const auto reading = files::read_back(files::Tree::open(path.parent_path()), path.filename(), stop_);
    read_ += reading.digests.size;
    ledger.expect(reading.digests.sha256 == sha256, invariant, item, what + " has other bytes than it had: " + path.string());
}

void AuditPlaces::on_nas(const AuditFacts& facts, bool read_bytes, Ledger& ledger) {
    try {
        const auto size = archive_->size_of(facts.nas->path);
        ledger.expect(size == facts.nas->size, "I2", facts.item, facts.nas->path.string() + " is missing on the NAS, or has another size");
        if (size == facts.nas->size && read_bytes) bytes_on_nas(facts, ledger);
    } catch (const Unavailable& error) {
        ledger.unreached({"nas", error.code(), full_message(error)});
        archive_.reset();  // nothing more is said of an archive that went away
    } catch (const TransientError& error) {
        // Some program has it open, and the page cache answers for the NAS: nothing is known of this one.
        if (error.code() == "nas.cache") return ledger.unreached({"nas", error.code(), full_message(error)});
        ledger.expect(false, "I2", facts.item, "its copy on the NAS cannot be read: " + full_message(error));
    }
}

void AuditPlaces::bytes_on_nas(const AuditFacts& facts, Ledger& ledger) {
    using Reading = archive::Archive::Reading;
    auto answer = archive_->reread(facts.nas->path, facts.nas->sha256, stop_);
    // Once may be the wire's fault.
    if (answer.reading != Reading::same) answer = archive_->reread(facts.nas->path, facts.nas->sha256, stop_);
    read_ += facts.nas->size;
    ledger.expect(answer.reading == Reading::same, "I2", facts.item, facts.nas->path.string() + " on the NAS has other bytes than were archived");
}

}  // namespace mediaferry::daemon
