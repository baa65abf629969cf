#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// icloudpd as an untrusted fetcher: what it is called with, what its lines hint at, and a run of it under a watchdog. Its exit
// code says nothing (facts/icloud.md 0.2) and its "Downloaded" proves nothing (0.3): truth is our own listing and hashes.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.h"
#include "common/icloud/session.h"
#include "common/process/process.h"
#include "common/types/fs.h"

namespace mediaferry::icloud {

/// What a line of icloudpd's output hints at (the table of facts/icloud.md A3).
enum class Hint {
    other,
    started,            ///< "Processing user: …"
    listing,            ///< "Downloading N original,… photos and videos to …"
    downloaded,         ///< "Downloaded P"
    exists,             ///< "P already exists", "P deduplicated"
    file_failed,        ///< "Could not download F…", "Could not find URL to download F…"
    io_error,           ///< "IOError while writing file to P…": disk or network
    two_factor_needed,  ///< "Two-factor authentication is required (2fa)", or the prompt for the code
    two_factor_ok,      ///< "Great, you're all set up."
    two_factor_wrong,   ///< "Failed to verify two-factor authentication code"
    session_stale,      ///< "Authentication required for Account. (421)": normal, it logs in next
    authenticated,      ///< "Authentication completed successfully"
    wrong_password,     ///< "Invalid email/password combination", code -20101
    locked,             ///< the same text with -20209 or (403)
    no_password,        ///< "KeyError: 'dsInfo'": it would have to log in and has no password
    throttled,          ///< "Apple iCloud is temporary refusing to serve icloudpd"
    unreachable,        ///< "Cannot connect to Apple iCloud service"
    access_denied,      ///< "…(ACCESS_DENIED)"
    not_set_up,         ///< "…setup is not complete…", ZONE_NOT_FOUND, AUTHENTICATION_FAILED
    indexing,           ///< "…has not finished indexing yet"
    finished,           ///< "All photos and videos have been downloaded": the run was not aborted
    traceback,          ///< "Traceback (most recent call last)": it died
};
struct Line {
    Hint hint = Hint::other;
    std::string subject;  ///< path or file name it speaks of, when it names one (paths are shortened in the middle by icloudpd)
};
Line read_line(std::string_view line);
std::string_view to_text(Hint);

enum class Purpose { download, auth_only };

/// Its whole command line: the configured command, then our flags (facts A1). The password is never in it.
std::vector<std::string> command_line(const config::ICloud&, const fs::path& incoming, Purpose);
/// Its whole environment: private HOME and TMPDIR, UTC, the file keyring, PATH, then the configured extras. Nothing of ours is inherited.
std::map<std::string, std::string> environment(const config::ICloud&, const fs::path& run_directory);

/// The private directory of one run (home/, tmp/, work/), 0700: its keyring file holds the password while icloudpd runs. Emptied when it goes: the
/// binary leaves 107 MB behind when killed; the session files that icloudpd has written are made private then.
class RunDirectory {
public:
    /// Removes what an earlier run left at `path`. Writes the keyring file (0600) when the settings have a password.
    RunDirectory(const fs::path& path, const config::ICloud&);
    ~RunDirectory();
    RunDirectory(const RunDirectory&) = delete;
    RunDirectory& operator=(const RunDirectory&) = delete;
    const fs::path& path() const { return path_; }
    fs::path work() const { return path_ / "work"; }

private:
    fs::path path_;
    config::ICloud settings_;
};

/// What a run seemed to do. Hints only.
struct IcloudpdRun {
    process::Exit exit;
    bool finished = false;  ///< the end marker was seen
    bool hot_loop = false;  ///< ended by us: it began again and again without downloading anything
    bool silent = false;    ///< ended by us: no line for `icloud.silence`
    std::map<Hint, std::int64_t> seen;
    std::vector<std::string> failed;  ///< files it could not fetch, as it names them (at most 100)
    bool saw(Hint hint) const { return seen.count(hint) > 0; }
    std::int64_t downloaded() const;

    enum class SignInProblem { none, wrong_password, locked, two_factor, no_password };
    SignInProblem sign_in_problem() const;
    /// Why it was not a whole run, for a person and for counting ("icloudpd.throttled", "icloudpd.unreachable", "icloudpd.hot_loop",
    /// "icloudpd.silent", "icloudpd.died", …); nullopt: it was.
    std::optional<Reason> problem() const;
};

/// Gathers the hints line by line and smells the hot loop (three listings with no file between them).
class OutputReader {
public:
    /// False: end it.
    bool take(std::string_view line);
    IcloudpdRun result;

private:
    int listings_without_download_ = 0;
};

/// Stale "<base32>.part" files below `incoming`: icloudpd would build on them, whatever is in them. Removes them and says how many.
int remove_stale_parts(const fs::path& incoming);

/// Runs icloudpd once into `incoming`, with scratch in `run_directory`. The caller has checked SignInState first: one wrong password is enough.
/// `on_line` hears each hint as it comes. Throws Unavailable ("process.start") when there is no icloudpd.
IcloudpdRun run_icloudpd(const SessionLock&, const config::ICloud&, const fs::path& incoming, const fs::path& run_directory,
                         const std::function<bool()>& stop = {}, const std::function<void(const Line&)>& on_line = {});

}  // namespace mediaferry::icloud
