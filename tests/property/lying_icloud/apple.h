#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Apple's side of the wire, over the true library: honest unless a lie is due.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/property/lying_icloud/library.h"
#include "tests/property/lying_icloud/port.h"

namespace mediaferry::lying {

/// Every fault of facts/icloud.md A5 and D, by name: what is said instead of the truth, or done without being said.
inline constexpr std::string_view kLies[] = {
    // any CloudKit call
    "http_401", "http_404", "http_410", "http_421", "http_429", "http_500", "http_503", "html", "cut_json", "nonsense", "hang_up", "busy_in_200",
    "denied", "session_lost",
    // listings
    "empty_page", "drop", "drop_and_miscount", "duplicate", "overlap", "lone_asset", "lone_master", "change_between_pages", "stale_list",
    "list_wrong_checksum", "list_fewer_files", "record_error", "count_more", "count_less", "indexing",
    // lookups
    "stale_lookup", "lookup_gone", "lookup_error", "lookup_silent", "lookup_wrong_checksum", "change_before_lookup",
    // modifications, of assets and memberships alike
    "conflict", "ack_undone", "done_503", "done_hang_up", "done_silent", "done_conflict",
    // the album
    "members_empty", "members_drop", "unfile_before_members", "no_album",
    // the file server
    "file_cut", "file_short", "file_corrupt", "file_html", "file_long", "range_ignored", "file_401", "file_404", "file_410", "file_416", "file_429",
    "file_503"};

struct Lie {
    std::string what;
    int skip = 0, times = 1;  ///< leaves so many chances alone, then is told so often
    std::uint32_t which = 0;  ///< about whom, where that matters
};

/// One operation on an asset that took effect.
struct Deed {
    const TrueAsset& asset;  ///< as it was a moment before
    std::string tag;         ///< the change tag the request gave
    json fields;             ///< what it set
    std::string stage;       ///< that ran
};

class Apple {
public:
    Library library;
    std::string album = "DeletePending";
    bool strict_tags = true;
    std::size_t page = 3;  ///< assets: small, so that there are pages to tear
    std::string stage;     ///< that runs now: told by the driver
    std::vector<Lie> lies;
    std::function<void(const Deed&)> on_deed;           ///< called before a deletion takes effect
    std::function<void(std::uint32_t)> change, unfile;  ///< a person's hand, in the middle of a conversation

    Said answer(const Asked&);
    /// Out of Recently Deleted for good: nobody knows of it any more.
    void purge(const std::string& asset);

    // -- what the client was truthfully shown --
    std::map<std::string, std::string> marked_with;  ///< asset -> tag that icloud_mark was shown last
    std::set<std::string> listed;                    ///< assets handed out by the listing of this run
    std::optional<std::int64_t> counted;             ///< the last count of the library that was told
    std::int64_t files_sent = 0, modifications = 0;  ///< whole files; requests that changed something or would have

private:
    const Lie* told(std::string_view what);
    bool lie(std::string_view what) { return told(what) != nullptr; }
    std::optional<Said> refused(const std::string& call);
    Said setup(const Asked&);
    Said database(const std::string& call, const json& body);
    json query(const json& body);
    json list_page(std::int64_t start);
    json members_page(const std::string& album, std::int64_t start);
    json count(const json& body);
    json lookup(const json& body);
    json shown(const TrueAsset&, std::string_view lie_prefix);
    Said modify(const json& body);
    json perform(const json& operation);
    Said file(const Asked&);

    bool session_lost_ = false, miscounts_ = false;
    std::string hidden_from_list_;     ///< by the listing that goes on now
    std::map<std::string, json> old_;  ///< each asset's record as it first was
};

}  // namespace mediaferry::lying
