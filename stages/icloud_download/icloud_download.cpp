// SPDX-License-Identifier: GPL-3.0-or-later
// Stage 1: icloudpd fetches, our own listing judges, our own client fetches the rest.

#include "common/files/files.h"
#include "common/icloud/client.h"
#include "common/icloud/icloudpd.h"
#include "common/icloud/sign_in_state.h"
#include "common/log/log.h"
#include "common/stage/stage.h"
#include "stages/icloud_download/albums.h"
#include "stages/icloud_download/arrivals.h"
#include "stages/icloud_download/census.h"
#include "stages/icloud_download/fetch.h"
#include "stages/icloud_download/placeholders.h"
#include "stages/icloud_download/strangers.h"

namespace mediaferry::stages {
namespace {

using stage::Outcome;
using stage::Run;

class IcloudDownload final : public stage::Stage {
public:
    explicit IcloudDownload(const config::Settings& settings) : settings_(settings) {}

    Outcome begin(Run& run) override {
        files::make_directories(settings_.folders.incoming);
        const SystemClock clock;
        const auto lock = icloud::SessionLock::take(settings_.icloud.cookie_directory);
        icloud::SignInState state{run.db(), settings_.icloud, clock};
        icloud::Client client{lock, settings_.icloud, clock, {}, run.stop()};

        const auto before = client.sign_in();
        if (before == icloud::SignIn::two_factor) throw needs_code(state);
        if (before == icloud::SignIn::login_needed) state.check_login_allowed();
        const auto obstacle = why_not_icloudpd(settings_.folders.incoming, strangers_below(settings_.folders.incoming));
        if (obstacle && before == icloud::SignIn::login_needed) throw NeedsPerson{obstacle->code, obstacle->text};
        if (!obstacle) put_back_missing(run);
        const auto fetched = obstacle ? icloud::IcloudpdRun{} : run_icloudpd(lock, state, run);
        if (obstacle) run.failed(*obstacle);
        if (run.stop_requested()) throw Interrupted{"interrupted", "asked to stop after icloudpd"};
        ensure_signed_in(client, state, fetched);
        if (const auto warning = state.trust_warning()) run.tell(warning->text);

        const auto indexing = client.indexing();
        if (!indexing.finished())
            return stage::Wait{{"icloud.indexing", "iCloud is still indexing the library (" + std::to_string(indexing.progress) + " %)"}};
        const auto census = take_census(client, run);
        const auto arrivals = take_arrivals(run, census.complete);
        const auto own = fetch_missing(client, run);
        read_albums(client, run);
        log::info("download done",
                  {{"BY_ICLOUDPD", arrivals.taken_in}, {"BY_US", own.files}, {"SET_ASIDE", arrivals.set_aside}, {"FAILED", own.failed}});
        if (const auto problem = fetched.problem(); problem && !obstacle)
            run.tell("icloudpd: " + problem->text + " (what it left was fetched by mediaferry itself)");
        return stage::Done{};
    }

    std::vector<std::string> rehearse_run(Run&) override {
        std::string line = "would run:";
        for (const auto& word : icloud::command_line(settings_.icloud, settings_.folders.incoming, icloud::Purpose::download)) line += " " + word;
        return {line, "would then list iCloud, check every arrival against Apple's checksum and fetch what is missing"};
    }

private:
    icloud::IcloudpdRun run_icloudpd(const icloud::SessionLock& lock, icloud::SignInState& state, Run& run) const {
        run.activity("icloudpd is running");
        const auto stale = icloud::remove_stale_parts(settings_.folders.incoming);
        if (stale > 0) log::info("stale part files removed", {{"FILES", stale}});
        auto result = icloud::run_icloudpd(lock, settings_.icloud, settings_.folders.incoming, run.scratch() / "icloudpd", run.stop(),
                                           [&](const icloud::Line& line) {
                                               if (line.hint == icloud::Hint::downloaded)
                                                   run.activity("icloudpd: " + fs::path(line.subject).filename().string());
                                           });
        if (const auto blocked = state.learn(result)) throw SignInRequired{blocked->code, blocked->text};
        if (const auto problem = result.problem()) log::warning("icloudpd did not finish", {{"REASON", problem->code}, {"TEXT", problem->text}});
        return result;
    }

    static SignInRequired needs_code(icloud::SignInState& state) {
        const auto reason = state.two_factor_needed();
        return SignInRequired{reason.code, reason.text};
    }

    /// After icloudpd the session must be good; if it is not, icloudpd's own trouble is the likely cause.
    static void ensure_signed_in(icloud::Client& client, icloud::SignInState& state, const icloud::IcloudpdRun& fetched) {
        switch (client.sign_in()) {
            case icloud::SignIn::signed_in: state.signed_in(false); return;
            case icloud::SignIn::two_factor: throw needs_code(state);
            case icloud::SignIn::login_needed: break;
        }
        if (const auto problem = fetched.problem()) throw Unavailable{problem->code, "not signed in to iCloud: " + problem->text};
        throw SignInRequired{"icloud.sign_in", "icloudpd could not sign in; run: mediaferry auth login"};
    }

    const config::Settings& settings_;
};

}  // namespace
}  // namespace mediaferry::stages

MEDIAFERRY_STAGE(mediaferry::stages::IcloudDownload)
