// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/fetch.h"

#include <algorithm>
#include <map>
#include <vector>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "stages/icloud_download/arrivals.h"
#include "stages/icloud_download/intake.h"
#include "stages/icloud_download/placeholders.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;
using media_db::Resource;

constexpr std::size_t kAtOnce = 50;   // resources per lookup: download URLs live for an hour
constexpr int kTurnedAwayInARow = 3;  // one file answered 503 or with silence must not starve the others; three in a row mean all of iCloud

class Fetcher {
public:
    Fetcher(icloud::Client& client, stage::Run& run) : client_(client), run_(run), catalogue_(run.db()) {}

    Fetched operator()() {
        run_.expect(catalogue_.missing_count());
        while (!run_.stop_requested()) {
            const auto resources = catalogue_.missing_resources(run_.now(), kAtOnce);
            if (resources.empty()) break;
            fetch(resources);
        }
        if (run_.stop_requested()) throw Interrupted{"interrupted", "asked to stop between two downloads"};
        return result_;
    }

private:
    void fetch(const std::vector<Resource>& resources) {
        std::vector<icloud::AssetName> names;
        for (const auto& resource : resources) {
            const auto asset = catalogue_.asset(resource.asset).value();
            if (std::ranges::find(names, asset.record_name, &icloud::AssetName::asset) == names.end())
                names.push_back({asset.record_name, asset.master_name});
        }
        std::map<std::string, icloud::Looked> looked;
        for (auto& one : client_.lookup(names)) looked.emplace(one.record_name, std::move(one));
        for (const auto& resource : resources) {
            if (run_.stop_requested()) return;
            const auto asset = catalogue_.asset(resource.asset).value();
            attempt(asset, resource, looked.at(asset.record_name));
        }
    }

    void attempt(const media_db::Asset& asset, const Resource& resource, const icloud::Looked& looked) {
        try {
            files::in_our_words([&] { fetch_one(asset, resource, looked); });
            turned_away_ = 0;
        } catch (const OutOfMemory&) {
            throw;
        } catch (const Unavailable& error) {
            // It may be this file or all of iCloud. Either way a person cannot help: it waits longer each time, and is never given up.
            failed(resource, error.reason(), false);
            if (++turned_away_ >= kTurnedAwayInARow) throw;
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            if (nothing_more_fits(error)) throw;
            turned_away_ = 0;
            failed(resource, {error.code(), asset.filename + " (" + std::string(to_text(resource.kind)) + "): " + full_message(error)}, true);
        }
    }

    void fetch_one(const media_db::Asset& asset, const Resource& resource, const icloud::Looked& looked) {
        if (serve_same_content(run_, resource.checksum) > 0) return;
        if (looked.state != icloud::Looked::State::live || !looked.asset)
            throw TransientError{"icloud.not_there", "iCloud listed it a moment ago and shows it no more; the next listing decides"};
        const auto* offered = looked.asset->resource(resource.kind);
        if (offered == nullptr || offered->checksum != resource.checksum)
            throw TransientError{"icloud.changed", "it was edited since the listing; the next listing decides"};
        run_.activity("fetching " + asset.filename);
        const auto part = part_file(resource);
        make_way(part, resource);
        const auto digests = MF_AROUND("icloud_download.fetch", client_.fetch(*offered, part));
        const auto id = take_in(run_, part, digests, resource, Source::own_client);
        keep_icloudpd_away(run_, asset, resource, id, digests.size);
        MF_AROUND("icloud_download.fetch.drop_part", files::remove_file(part));
        run_.finished();
        ++result_.files;
    }

    /// incoming/.mediaferry-fetch/<resource id>.part: where an interrupted download goes on.
    fs::path part_file(const Resource& resource) const {
        const auto directory = run_.settings().folders.incoming / ".mediaferry-fetch";
        MF_AROUND("icloud_download.fetch.mkdir", files::make_directories(directory));
        return directory / (std::to_string(resource.id.value) + ".part");
    }

    /// An earlier part goes on only if it is a file, and ours alone: what has another name as well is not written to.
    static void make_way(const fs::path& part, const Resource& resource) {
        const auto there = files::status_of(part);
        if (!there) return;
        const bool unfinished = static_cast<std::uint64_t>(there->st_size) < resource.size.count;
        if (!S_ISREG(there->st_mode) || (there->st_nlink > 1 && unfinished)) files::remove_file(part);
    }

    void failed(const Resource& resource, const Reason& reason, bool may_give_up) {
        const auto& retry = run_.settings().retry;
        const int failures = resource.attempts + 1;
        catalogue_.resource_failed(resource.id, reason, run_.now() + retry.delay(failures, static_cast<std::uint64_t>(resource.id.value)),
                                   may_give_up && retry.exhausted(failures));
        log::warning("resource not fetched", {{"RESOURCE_ID", resource.id.value}, {"REASON", reason.code}, {"ATTEMPT", failures}});
        run_.failed(1);
        ++result_.failed;
    }

    icloud::Client& client_;
    stage::Run& run_;
    Catalogue catalogue_;
    Fetched result_;
    int turned_away_ = 0;
};

}  // namespace

Fetched fetch_missing(icloud::Client& client, stage::Run& run) { return Fetcher{client, run}(); }

}  // namespace mediaferry::stages
