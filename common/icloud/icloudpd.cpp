// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/icloudpd.h"

#include <sys/stat.h>

#include <cctype>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/icloud/ascii.h"
#include "common/icloud/wire.h"
#include "common/log/log.h"

namespace mediaferry::icloud {
namespace {

constexpr std::size_t kMostNames = 100;

// As keyrings.alt writes names into its file: anything but letters and digits as _HH.
std::string keyring_name(std::string_view name) {
    static constexpr std::string_view hex = "0123456789ABCDEF";
    std::string out;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80 && std::isalnum(byte)) {
            out += c;
        } else {
            out += '_';
            out += hex[byte >> 4];
            out += hex[byte & 15];
        }
    }
    return out;
}

void make_private(const fs::path& directory) {
    fs::create_directories(directory);
    if (::chmod(directory.c_str(), 0700) != 0) files::throw_errno(errno, "making private", directory.string());
}

// It writes the `.session` file, tokens and all, for everybody to read.
void keep_session_private(const config::ICloud& settings) {
    const fs::path jar = settings.cookie_directory / session_name(settings.username);
    ::chmod(jar.c_str(), 0600);
    ::chmod((jar.string() + ".session").c_str(), 0600);
}

bool part_of_icloudpd(const fs::path& file) {
    const std::string name = file.filename().string();
    static constexpr std::string_view end = ".part";
    if (name.size() <= end.size() || name.compare(name.size() - end.size(), end.size(), end) != 0) return false;
    return name.substr(0, name.size() - end.size()).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=") == std::string::npos;
}

}  // namespace

std::vector<std::string> command_line(const config::ICloud& settings, const fs::path& incoming, Purpose purpose) {
    std::vector<std::string> argv = settings.command;
    const auto add = [&](std::initializer_list<std::string> words) { argv.insert(argv.end(), words); };
    add({"--username", settings.username, "--cookie-directory", settings.cookie_directory.string(), "--password-provider", "keyring",
         "--mfa-provider", "console", "--no-progress-bar", "--log-level", "info"});
    if (settings.domain == "cn") add({"--domain", "cn"});
    if (purpose == Purpose::auth_only) {
        add({"--auth-only"});
        return argv;
    }
    add({"--directory", incoming.string(), "--folder-structure", settings.folder_structure});
    add({"--size", "original", "--size", "adjusted", "--size", "alternative", "--live-photo-size", "original", "--live-photo-mov-filename-policy",
         "suffix", "--file-match-policy", "name-id7", "--keep-unicode-in-filenames", "--align-raw", "as-is"});
    if (settings.recent > 0) add({"--recent", std::to_string(settings.recent)});
    return argv;
}

std::map<std::string, std::string> environment(const config::ICloud& settings, const fs::path& run_directory) {
    std::map<std::string, std::string> out{
        {"HOME", (run_directory / "home").string()},
        {"TMPDIR", (run_directory / "tmp").string()},
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
        {"LANG", "C.UTF-8"},
        {"TZ", "UTC"},  // folders by date and log times must not depend on where the server stands
        {"PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring"},
    };
    for (const auto& [name, value] : settings.environment) out[name] = value;
    return out;
}

RunDirectory::RunDirectory(const fs::path& path, const config::ICloud& settings) : path_(path), settings_(settings) {
    MF_AROUND("icloudpd.scratch.empty", fs::remove_all(path_));
    for (const auto& directory : {path_, path_ / "home", path_ / "tmp", path_ / "work"}) MF_AROUND("icloudpd.scratch.mkdir", make_private(directory));
    if (!settings.password.present) return;
    const fs::path keyring = path_ / "home" / ".local" / "share" / "python_keyring";
    make_private(keyring);
    const std::string entry = keyring_name(lower(settings.username)) + " = " + wire::base64(settings.password.value);
    MF_AROUND("icloudpd.write_keyring",
              files::replace_small_file(keyring / "keyring_pass.cfg", "[pyicloud_3A_2F_2Ficloud_2Dpassword]\n" + entry + "\n", 0600));
}

RunDirectory::~RunDirectory() {
    keep_session_private(settings_);
    boost::system::error_code error;
    fs::remove_all(path_, error);
    if (error) log::warning("icloudpd's scratch could not be emptied", {{"PATH", path_.string()}, {"ERROR", error.message()}});
}

bool OutputReader::take(std::string_view text) {
    const Line line = read_line(text);
    ++result.seen[line.hint];
    switch (line.hint) {
        case Hint::downloaded:
        case Hint::exists: listings_without_download_ = 0; break;
        case Hint::finished: result.finished = true; break;
        case Hint::file_failed:
            if (result.failed.size() < kMostNames) result.failed.push_back(line.subject);
            break;
        case Hint::listing:
            // It starts again from the sign-in without any delay, for ever, when a page's reply breaks (facts A5).
            if (++listings_without_download_ >= 3) result.hot_loop = true;
            break;
        default: break;
    }
    return !result.hot_loop;
}

std::int64_t IcloudpdRun::downloaded() const {
    const auto found = seen.find(Hint::downloaded);
    return found == seen.end() ? 0 : found->second;
}

IcloudpdRun::SignInProblem IcloudpdRun::sign_in_problem() const {
    if (saw(Hint::locked)) return SignInProblem::locked;
    if (saw(Hint::wrong_password)) return SignInProblem::wrong_password;
    if ((saw(Hint::two_factor_needed) && !saw(Hint::two_factor_ok)) || saw(Hint::two_factor_wrong)) return SignInProblem::two_factor;
    if (saw(Hint::no_password)) return SignInProblem::no_password;
    return SignInProblem::none;
}

std::optional<Reason> IcloudpdRun::problem() const {
    switch (sign_in_problem()) {
        case SignInProblem::locked: return Reason{"icloud.locked", "Apple has locked the account or refuses its password"};
        case SignInProblem::wrong_password: return Reason{"icloud.wrong_password", "Apple does not accept the password"};
        case SignInProblem::two_factor: return Reason{"icloud.two_factor", "Apple asks for a code"};
        case SignInProblem::no_password: return Reason{"icloud.no_password", "icloudpd had to log in and has no password"};
        case SignInProblem::none: break;
    }
    if (hot_loop) return Reason{"icloudpd.hot_loop", "icloudpd began again and again without getting anywhere; it was ended"};
    if (silent) return Reason{"icloudpd.silent", "icloudpd said nothing for too long; it was ended"};
    if (saw(Hint::throttled)) return Reason{"icloudpd.throttled", "Apple refuses to serve icloudpd for now"};
    if (saw(Hint::unreachable)) return Reason{"icloudpd.unreachable", "icloudpd could not reach iCloud"};
    if (saw(Hint::access_denied)) return Reason{"icloudpd.access_denied", "iCloud denied icloudpd access (Advanced Data Protection, or throttled)"};
    if (saw(Hint::not_set_up)) return Reason{"icloudpd.not_set_up", "iCloud Photos is not set up for this account, or the session has ended"};
    if (saw(Hint::indexing)) return Reason{"icloudpd.indexing", "iCloud has not finished indexing the library"};
    if (finished || saw(Hint::authenticated)) return std::nullopt;
    if (saw(Hint::traceback) || exit.signal != 0 || exit.code != 0)
        return Reason{"icloudpd.died", "icloudpd ended with an error (" + process::to_text(exit) + ")"};
    return Reason{"icloudpd.aborted", "icloudpd ended before it was through"};
}

int remove_stale_parts(const fs::path& incoming) {
    boost::system::error_code error;
    if (!fs::is_directory(incoming, error)) return 0;
    std::vector<fs::path> stale;
    for (fs::recursive_directory_iterator at{incoming, error}, end; !error && at != end; at.increment(error))
        if (at->symlink_status().type() == fs::regular_file && part_of_icloudpd(at->path())) stale.push_back(at->path());
    int removed = 0;
    for (const auto& file : stale)
        if (MF_AROUND("icloudpd.remove_stale_part", fs::remove(file, error)) && !error) ++removed;
    return removed;
}

IcloudpdRun run_icloudpd(const SessionLock&, const config::ICloud& settings, const fs::path& incoming, const fs::path& run_directory,
                         const std::function<bool()>& stop, const std::function<void(const Line&)>& on_line) {
    const RunDirectory scratch{run_directory, settings};
    remove_stale_parts(incoming);
    process::Command command;
    command.argv = command_line(settings, incoming, Purpose::download);
    command.environment = environment(settings, scratch.path());
    command.directory = scratch.work();
    command.silence = settings.silence;
    OutputReader reader;
    bool asked_to_stop = false;
    const auto hear = [&](process::Stream, std::string_view text) {
        const bool go_on = reader.take(text);
        if (on_line) on_line(read_line(text));
        return go_on;
    };
    const auto exit = MF_AROUND("icloudpd.run", process::run(command, hear, [&] { return asked_to_stop = stop && stop(); }));
    if (asked_to_stop) throw Interrupted{"icloud.stopped", "asked to stop while icloudpd was running"};
    reader.result.exit = exit;
    reader.result.silent = exit.deadline_hit;
    return reader.result;
}

}  // namespace mediaferry::icloud
