// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/restore/sources.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "common/errors/errors.h"
#include "common/failpoint/failpoint.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "common/restore/reversible.h"

namespace mediaferry::restore {
namespace {

using media_db::MediaItem;

[[noreturn]] void not_there(const std::string& what) { throw TransientError{"restore.not_there", what}; }

files::Descriptor open_beneath(const fs::path& root, const fs::path& name) { return files::Tree::open(root).open_read(name); }

}  // namespace

std::string_view to_text(From from) {
    switch (from) {
        case From::local: return "the original at home";
        case From::nas: return "the NAS";
        case From::library: return "the library at home";
        case From::outbox: return "the phone's outbox";
        case From::icloud: return "iCloud";
    }
    return "";
}

files::Digests digest_of(int file, const std::string& shown, const archive::Stop& stop) {
    files::Digester digester;
    std::vector<char> block(1 << 20);
    for (off_t at = 0;;) {
        if (stop && stop()) throw Interrupted{"interrupted", "asked to stop while reading " + shown};
        const auto got = ::pread(file, block.data(), block.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) files::throw_errno(errno, "cannot read", shown);
        if (got == 0) return digester.take();
        digester.add({block.data(), static_cast<std::size_t>(got)});
        at += got;
    }
}

bool is_content_of(const files::Digests& digests, const MediaItem& item) {
    return digests.sha256 == item.sha256 && digests.size == item.size &&
           (item.apple_checksum.empty() || digests.apple_checksum == item.apple_checksum);
}

Sources::Sources(media_db::MediaDb& db, const config::Settings& settings, const Clock& clock, archive::Archive* archive, fs::path scratch,
                 archive::Stop stop)
    : db_(db), settings_(settings), clock_(clock), archive_(archive), scratch_(std::move(scratch)), stop_(std::move(stop)) {}

Sources::~Sources() {
    boost::system::error_code ignored;
    fs::remove_all(scratch_, ignored);
}

std::optional<Proven> Sources::find(const MediaItem& item, const std::vector<From>& order, std::string* why) {
    for (const auto from : order) {
        std::string said;
        try {
            auto file = files::in_our_words([&] { return open(item, from); });
            if (is_content_of(digest_of(file.get(), item.filename, stop_), item)) return Proven{std::move(file), from};
            said = "has other bytes";
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            said = full_message(error);
        }
        if (why) *why += (why->empty() ? "" : "; ") + std::string(to_text(from)) + ": " + said;
    }
    return std::nullopt;
}

files::Descriptor Sources::open(const MediaItem& item, From from) {
    const media_db::Evidence evidence{db_};
    switch (from) {
        case From::local:
            if (!item.local_path) not_there("it is not there any more");
            return open_beneath(item.local_path->parent_path(), item.local_path->filename());
        case From::nas: return from_nas(item);
        case From::library: {
            const auto copy = evidence.current(item.id, Place::library);
            if (!copy || (copy->sha256 != item.sha256 && !may_be_reversible(copy->path))) not_there("no copy of the original's bytes is there");
            auto file = open_beneath(settings_.folders.library, copy->path);
            return copy->sha256 == item.sha256 ? std::move(file) : from_reversible(item, *copy, std::move(file));
        }
        case From::outbox: {
            const auto copy = evidence.current(item.id, Place::pixel);
            if (!copy || copy->sha256 != item.sha256) not_there("it does not lie there any more");
            return open_beneath(settings_.folders.pixel_sync, copy->path);
        }
        case From::icloud: return from_icloud(item);
    }
    not_there("no such place");
}

/// The file is ours alone from here on and goes when it is closed.
files::Descriptor Sources::taken_from_scratch(const fs::path& name) {
    auto file = open_beneath(scratch_, name);
    fs::remove(scratch_ / name);
    return file;
}

/// Its own copy, or that of another photo with the same bytes: find() holds either against what arrived.
files::Descriptor Sources::from_nas(const MediaItem& item) {
    if (!archive_) not_there("it is away");
    const fs::path name = std::to_string(item.id.value) + ".nas";
    std::string why = "it has no proven copy";
    for (const auto& copy : media_db::Evidence{db_}.nas_copies_of(item.sha256)) {
        if (copy.proof != "read_back" && copy.proof != "settled") continue;
        files::make_directories(scratch_);
        fs::remove(scratch_ / name);
        try {
            archive_->fetch(copy.path, item.sha256, scratch_ / name, item.taken, stop_);
            return taken_from_scratch(name);
        } catch (const TransientError& error) {
            why = full_message(error);
        }
    }
    not_there(why);
}

/// The JPEG out of a JPEG XL. find() holds it against the original's checksum, like every other source.
files::Descriptor Sources::from_reversible(const MediaItem& item, const media_db::Copy& copy, const files::Descriptor& small) {
    const auto digests = digest_of(small.get(), copy.path.string(), stop_);
    if (digests.sha256 != copy.sha256) not_there("its small copy has other bytes than when it was made");
    const fs::path name = std::to_string(item.id.value) + ".jpeg";
    files::make_directories(scratch_);
    fs::remove(scratch_ / name);
    MF_AROUND("restore.reversible", restore_jpeg(small.get(), digests, scratch_ / name, item.size, settings_.compress));
    return taken_from_scratch(name);
}

icloud::Client& Sources::client() {
    if (client_) return *client_;
    if (icloud_away_) throw TransientError{icloud_away_->code, icloud_away_->text};
    const auto away = [&](const std::string& code, const std::string& text) {
        icloud_away_ = Reason{code, text};
        throw TransientError{code, text};
    };
    if (!settings_.icloud.enabled) away("icloud.off", "it is switched off");
    if (icloud::Session::read(settings_.icloud.cookie_directory, settings_.icloud.username).empty())
        away("icloud.sign_in", "nobody is signed in (mediaferry auth login)");
    session_.reset();  // of an attempt that failed: nobody waits for himself
    session_.emplace(icloud::SessionLock::take(settings_.icloud.cookie_directory, icloud::SessionLock::kPatience));
    icloud::Client fresh{*session_, settings_.icloud, clock_, {}, stop_};
    if (fresh.sign_in() != icloud::SignIn::signed_in) away("icloud.sign_in", "nobody is signed in (mediaferry auth login)");
    client_.emplace(std::move(fresh));
    return *client_;
}

files::Descriptor Sources::from_icloud(const MediaItem& item) {
    if (!item.asset) not_there("it never came from there");
    const media_db::Catalogue catalogue{db_};
    const auto asset = catalogue.asset(*item.asset);
    if (!asset) not_there("it never came from there");
    const auto looked = client().lookup({{asset->record_name, asset->master_name}});
    const auto* offered = looked.size() == 1 && looked[0].asset ? looked[0].asset->resource(item.resource) : nullptr;
    // An edit made since has another checksum: it is another file.
    if (!offered || offered->checksum != item.apple_checksum) not_there("it is not there any more");
    const fs::path name = std::to_string(item.id.value) + ".icloud";
    files::make_directories(scratch_);
    fs::remove(scratch_ / name);
    client().fetch(*offered, scratch_ / name);
    return taken_from_scratch(name);
}

}  // namespace mediaferry::restore
