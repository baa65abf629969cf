#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Our own iCloud Photos client: signs in on the session that icloudpd made, lists, files into an album, deletes, downloads.
// It believes nothing it has not read: each record's own answer counts, and lists are compared with iCloud's own count.
//
// Failures of every call:
//   Busy            "icloud.busy"          throttled or short of breath (THROTTLED, TRY_AGAIN_LATER, RETRY_LATER, 429, 5xx): leave it alone for a
//   while SignInRequired  "icloud.sign_in"       the session is stale and could not be renewed; the text names `mediaferry auth login` NeedsPerson
//   "icloud.access_denied" Advanced Data Protection, web access switched off, or throttled for hours NeedsPerson     "icloud.not_set_up"    no such
//   zone: iCloud Photos is off, or the library does not exist Unavailable     "http.…"               no answer TransientError  "icloud.bad_answer",
//   "icloud.refused"  an answer that makes no sense, or a code we do not know

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.h"
#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/http/http.h"
#include "common/icloud/records.h"
#include "common/icloud/session.h"

namespace mediaferry::icloud {

/// iCloud asks to be left alone.
class Busy : public Unavailable {
public:
    Busy(const std::string& text, std::chrono::seconds wait) : Unavailable("icloud.busy", text), wait_(wait) {}
    /// Retry-After, at least 1 minute and at most 6 hours; 15 minutes when iCloud named none.
    std::chrono::seconds wait() const { return wait_; }

private:
    std::chrono::seconds wait_;
};

/// Which library of the account is meant. v1 uses the default only.
struct Library {
    std::string zone = "PrimarySync";
    std::string owner;              ///< ownerRecordName; may stay empty for one's own zone
    std::string scope = "private";  ///< or "shared"
};

enum class SignIn {
    signed_in,     ///< the session is good, everything below may be called
    login_needed,  ///< stale: only a login with the password helps; icloudpd does that, unattended, when it has the password and is trusted
    two_factor,    ///< a code from one of the person's devices is needed: `mediaferry auth login`
};

/// What a full listing saw.
struct Listing {
    std::int64_t seen = 0;          ///< distinct assets handed out
    std::int64_t expected = 0;      ///< iCloud's own count, the one taken after the listing
    std::int64_t lone_masters = 0;  ///< masters that came without their asset
    std::int64_t refused = 0;       ///< records that came with an error instead
    /// Nothing is missing: every asset iCloud counts was handed out (photos that arrived meanwhile may make it more).
    bool complete() const { return seen >= expected && refused == 0; }
};
/// One page of assets, each handed out once per listing. Returning false ends the listing early (it is then not complete).
using OnPage = std::function<bool(const std::vector<Asset>&)>;

/// An asset and, if known, its master: lookup needs one request less then.
struct AssetName {
    std::string asset, master;
};

/// What iCloud says of one asset, asked by name.
struct Looked {
    enum class State {
        live,     ///< listed
        deleted,  ///< in Recently Deleted
        gone,     ///< iCloud knows no such record, or says it is hard deleted
        unknown,  ///< it answered an error for this record: `error`
    };
    std::string record_name;
    State state = State::unknown;
    std::optional<Asset> asset;  ///< live or deleted: as listed now, with fresh download URLs
    RecordError error;           ///< State::unknown
};

struct AlbumMembers {
    std::map<std::string, std::string> relation_of;  ///< CPLAsset record name -> relation record name
    std::int64_t expected = 0;  ///< iCloud's own count for the album; it may count hidden or deleted photos, which are not listed
    /// Being listed is proof of membership; not being listed is proof of nothing unless this is true: ask membership().
    bool complete() const { return static_cast<std::int64_t>(relation_of.size()) >= expected; }
    bool contains(const std::string& asset) const { return relation_of.count(asset) > 0; }
};

/// Whether one asset is in one album, asked by the name of its membership record.
enum class Membership { member, not_member, unknown };

/// What became of one asset that was to be filed.
struct Filed {
    std::string record_name;
    bool member = false;  ///< read back: it is in the album now
    std::string code;     ///< when not: iCloud's error code, or "NOT_READ_BACK"
    std::string reason;
};

/// What is to be deleted: the asset, and the change tag it had when it was last judged safe.
struct Deletion {
    std::string record_name, change_tag;
};
struct Deleted {
    enum class Answer {
        accepted,    ///< iCloud says isDeleted = 1 for exactly this record. Read it back all the same.
        changed,     ///< CONFLICT: the tag is old, someone edited the photo. Nothing was deleted.
        gone,        ///< NOT_FOUND
        refused,     ///< another code, in `error`: stop and find out
        unanswered,  ///< the reply does not mention it: nothing may be concluded
    };
    std::string record_name;
    Answer answer = Answer::unanswered;
    std::string change_tag;  ///< the new one, when accepted
    RecordError error;
};
inline constexpr std::size_t kMostDeletionsAtOnce = 50;

class Client {
public:
    /// `stop` is asked during waits and downloads: true throws Interrupted. The lock must outlive the client.
    Client(const SessionLock&, const config::ICloud&, const Clock&, Library = {}, std::function<bool()> stop = {});
    ~Client();
    Client(Client&&) noexcept;

    /// Reads the session files (again: call it after icloudpd has run), validates, and if that fails tries accountLogin with the
    /// session's own tokens; never a password. What the replies change is written back, and a copy is kept after success.
    /// Every other call signs in by itself at need, and once more when iCloud answers that the session is stale.
    SignIn sign_in();

    std::vector<ZoneRecord> zones();
    IndexingState indexing();
    /// iCloud's own count of what list() lists.
    std::int64_t listed_count();
    std::int64_t recently_deleted_count();

    /// Every asset that is neither hidden nor deleted, newest first. Pages by the CPLAssets received, looks at least five pages past empty
    /// ones while the count says that something is missing, and fetches by name the other half of pairs that a page tore apart.
    Listing list(const OnPage&);
    /// The same for the Recently Deleted album.
    Listing list_recently_deleted(const OnPage&);
    /// The same for the hidden ones: they are told to the person, never touched.
    Listing list_hidden(const OnPage&);
    /// Asset by asset, with its master, in the order asked. Use it right before acting on an asset, and for fresh download URLs.
    std::vector<Looked> lookup(const std::vector<AssetName>&);

    /// Live (not deleted) albums and folders.
    std::vector<AlbumRecord> albums();
    /// Record name of the live album of that name; nullopt: none. The one with the lowest record name if there are several.
    std::optional<std::string> find_album(const std::string& name);
    /// find_album(), or creates it under a record name derived from its name (so that a repeat makes no second one) and reads it back.
    std::string find_or_create_album(const std::string& name);
    AlbumMembers members(const std::string& album);
    /// Asset by asset, in the order asked. `not_member` means that iCloud was asked for exactly this membership and has it not (any more): a veto.
    /// A membership that `listed` shows is asked for under the record name that it has there.
    std::vector<Membership> membership(const std::string& album, const std::vector<std::string>& assets, const AlbumMembers& listed = {});
    /// Files assets into the album, at most 50 a request, then reads the album back: only that decides `member`. In the order asked.
    std::vector<Filed> add_members(const std::string& album, const std::vector<std::string>& assets);
    /// Takes one asset out of the album; absent is fine.
    void remove_member(const std::string& album, const std::string& asset);

    /// Moves assets to Recently Deleted in one request, never further, each under its change tag. `atomic: false`; answers in the order asked.
    /// A bug (std::logic_error) if more than kMostDeletionsAtOnce. When it throws, nothing may be concluded: look the assets up.
    std::vector<Deleted> delete_assets(const std::vector<Deletion>&);

    /// Gets `url` (of a Resource) from byte `offset` on. Returns the offset the bytes really began at: 0 when the server ignored the range, and the
    /// sink then got the file from its beginning. Throws TransientError "icloud.url_expired" (403, 404, 410: look the asset up again),
    /// "icloud.range" (416: nothing after `offset`), and Busy, Unavailable. No cookie is sent.
    std::uint64_t download(const std::string& url, std::uint64_t offset, const http::Sink&);
    /// Downloads a resource (listed or looked up within the hour) into the file `part`, goes on where an earlier attempt ended, fsyncs it and checks
    /// size and Apple's checksum. What it returns is proven to be the resource. `progress` hears the bytes of each piece. Throws as download();
    /// "icloud.mismatch" when the whole file came and is not what iCloud promised (`part` is removed then).
    files::Digests fetch(const Resource&, const fs::path& part, const std::function<void(Bytes)>& progress = {});

    const Library& library() const;

    struct Impl;

private:
    std::unique_ptr<Impl> impl_;
};

/// The record name under which we create an album of that name: 32 upper-case hex digits. `attempt` > 0 gives further ones, for a
/// name whose earlier album was deleted.
std::string album_record_name(const std::string& zone, const std::string& name, int attempt = 0);
/// "<asset>-IN-<album>": iCloud's own name for a membership.
std::string relation_record_name(const std::string& asset, const std::string& album);

}  // namespace mediaferry::icloud
