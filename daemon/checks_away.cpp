// SPDX-License-Identifier: GPL-3.0-or-later
// doctor abroad: icloudpd, iCloud's session, Syncthing and the phone, the NAS.
#include <fcntl.h>
#include <unistd.h>

#include "common/archive/fitness.h"
#include "common/archive/known.h"
#include "common/clock/clock.h"
#include "common/files/files.h"
#include "common/icloud/sign_in_state.h"
#include "common/process/process.h"
#include "common/restore/drill.h"
#include "common/syncthing/road.h"
#include "common/syncthing/version.h"
#include "daemon/checks.h"
#include "daemon/open_house.h"

namespace mediaferry::daemon {

namespace {

using Kind = Finding::Kind;

std::string syncthing_cure(const std::string& code) {
    if (code == "syncthing.unreachable")
        return "is Syncthing running (systemctl status syncthing@USER)? is syncthing.api_url right? does a firewall close it?";
    if (code == "syncthing.key" || code == "syncthing.no_key")
        return "copy the API key from Syncthing's page, Actions, Settings, into syncthing.api_key_file";
    if (code == "pixel.outbox") return "is the disk mounted? folders.pixel_sync must be the folder that Syncthing shares";
    return "in Syncthing's page, mend what is named; README.md says how the folder is set up";
}

std::string phone_cure(const std::string& code) {
    if (code == "pixel.paused") return "resume the device in Syncthing's page";
    if (code == "pixel.not_sharing" || code == "pixel.folder_paused") return "accept or resume the folder in the phone's Syncthing";
    return "start Syncthing on the phone and let it run in the background (battery: not restricted); check syncthing.pixel_device_id and that the "
           "folder is shared";
}

void look_at_nas(const config::Settings& settings, Findings& out) {
    auto db = look_if_there(settings);
    std::optional<std::string> known;
    if (db) known = archive::known_uuid(*db);
    const auto archive = archive::Archive::open(settings.archive, known);
    const auto& tree = archive.tree();
    const auto now = tree.condition();
    const auto& root = settings.archive.root.string();
    out.push_back({Kind::good, root + " is the archive " + archive.marker().uuid + (known ? "" : " (not used yet)"), ""});
    out.push_back({Kind::good, to_text(now.free) + " free on " + tree.kind(), ""});
    for (const auto& remark : archive::remarks(tree)) out.push_back({Kind::note, remark.what, remark.then});
    if (now.denied)
        out.push_back({Kind::bad, root + " cannot be written by this user",
                       is_share(root) ? "give archive.user the right to write there" : "mount it with the right uid, or chown it on the NAS"});
    archive.check();
}

/// Nothing when nothing was archived yet.
void add_drill(Findings& out, const config::Settings& settings) {
    auto db = look_if_there(settings);
    if (!db) return;
    const auto nudge = restore::drill_nudge(*db, settings, SystemClock{}.now());
    if (!nudge.empty())
        out.push_back(
            {Kind::note, nudge.substr(0, nudge.find(": ")), "mediaferry archive verify --drill 20: a backup that was never restored is a hope"});
    else if (const auto last = restore::last_good_drill(*db))
        out.push_back({Kind::good, "the last restore drill passed on " + to_iso(*last).substr(0, 10), ""});
}

}  // namespace

Findings check_icloudpd(const config::Settings& settings) {
    if (!settings.icloud.enabled) return {{Kind::note, "icloud is switched off", ""}};
    process::Command command;
    command.argv = settings.icloud.command;
    command.argv.emplace_back("--version");
    command.environment = settings.icloud.environment;
    command.environment.try_emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    command.environment.try_emplace("HOME", "/nonexistent");
    command.deadline = std::chrono::seconds{60};
    try {
        const auto result = process::capture(command);
        const auto line = result.out.substr(0, result.out.find('\n'));
        if (result.exit.ok()) return {{Kind::good, "icloudpd: " + line, ""}};
        return {{Kind::bad, "icloudpd does not run: " + process::to_text(result.exit) + " " + result.err.substr(0, 300),
                 "icloud.command must name the native binary (scripts/install-deps puts it in place)"}};
    } catch (const Error& error) {
        return {{Kind::bad, full_message(error), "install icloudpd (scripts/install-deps) and name it in icloud.command"}};
    }
}

Findings check_icloud(const config::Settings& settings) {
    if (!settings.icloud.enabled) return {{Kind::note, "icloud is switched off", ""}};
    Findings out;
    if (!settings.icloud.password.present)
        out.push_back({Kind::bad, "no iCloud password is configured", "icloud.password_file, icloud.password_env or the credential icloud_password"});
    const auto session = icloud::Session::read(settings.icloud.cookie_directory, settings.icloud.username);
    if (session.empty()) out.push_back({Kind::bad, "nobody has signed in yet", "mediaferry auth login"});
    auto db = look_if_there(settings);
    if (!db) return out;
    const SystemClock clock;
    const icloud::SignInState state{*db, settings.icloud, clock};
    if (const auto blocked = state.blocked()) out.push_back({Kind::bad, blocked->text, "mediaferry auth login"});
    if (const auto warning = state.trust_warning()) out.push_back({Kind::note, warning->text, "mediaferry auth login"});
    if (out.empty()) out.push_back({Kind::good, "a session is there; mediaferry auth status --check asks Apple whether it still holds", ""});
    return out;
}

Findings check_syncthing(const config::Settings& settings) {
    if (!settings.pixel.enabled || !settings.syncthing.enabled) return {{Kind::note, "pixel or syncthing is switched off", ""}};
    Findings out;
    try {
        syncthing::Road road{settings};
        const auto& fit = road.check();
        out.push_back({Kind::good,
                       "Syncthing " + road.server_version() + " shares " + road.folder() + " as a send-only folder with the phone" +
                           (fit.phone_name.empty() ? "" : " " + fit.phone_name),
                       ""});
        if (syncthing::syncthing_version(road.server_version()) < syncthing::SyncthingVersion{1, 20, 0})
            out.push_back({Kind::note, "Syncthing " + road.server_version() + " is older than 1.20: 'delivered' is weaker proof there",
                           "install 1.20 or later; 'freed', which deletion asks for by default, is not affected"});
        const auto phone = road.phone();
        if (phone.present)
            out.push_back({Kind::good, "the phone is connected (Syncthing " + phone.version + ")", ""});
        else
            out.push_back({Kind::bad, phone.reason.text, phone_cure(phone.reason.code)});
    } catch (const Error& error) {
        out.push_back({Kind::bad, full_message(error), syncthing_cure(error.code())});
    }
    out.push_back({Kind::note, "files are waited for " + std::to_string(settings.syncthing.timeout.count()) + " s in one run",
                   "if large files never arrive in that time, raise syncthing.timeout; nothing is lost when it is too short"});
    return out;
}

Findings check_nas(const config::Settings& settings) {
    if (!settings.archive.enabled) return {{Kind::note, "archive is switched off", ""}};
    Findings out;
    try {
        look_at_nas(settings, out);
        add_drill(out, settings);
    } catch (const Error& error) {
        if (is_share(settings.archive.root.string())) {
            out.push_back({Kind::bad, full_message(error),
                           error.code() == "nas.unmounted" ? "bring the disk back on the NAS; if it is there and new: mediaferry archive init"
                                                           : "try it by hand: smbclient -U " + settings.archive.user + " //server/share"});
            return out;
        }
        const bool unmounted = error.code() == "nas.unmounted";
        out.push_back({Kind::bad, full_message(error),
                       unmounted ? "mount the NAS; if it is mounted and new: mediaferry archive init"
                                 : "mount the archive this house knows, or see mediaferry archive --help"});
    }
    return out;
}

}  // namespace mediaferry::daemon
