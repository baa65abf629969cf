// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/icloud_download/arrivals.h"

#include <algorithm>
#include <vector>

#include "common/failpoint/failpoint.h"
#include "common/files/files.h"
#include "common/icloud/names.h"
#include "common/log/log.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/evidence.h"
#include "stages/icloud_download/intake.h"
#include "stages/icloud_download/placeholders.h"

namespace mediaferry::stages {
namespace {

using media_db::Catalogue;
using media_db::Resource;

/// Files below `root` that may be arrivals, relative to it: no symbolic links, nothing of ours, nothing unfinished.
std::vector<fs::path> files_below(const fs::path& root) {
    std::vector<fs::path> found;
    for (fs::recursive_directory_iterator at{root, fs::directory_options::skip_permission_denied}, end; at != end; ++at) {
        const auto name = at->path().filename().string();
        if (name.starts_with(".mediaferry-")) {
            at.disable_recursion_pending();
            continue;
        }
        if (fs::is_regular_file(at->symlink_status()) && at->path().extension() != ".part") found.push_back(at->path().lexically_relative(root));
    }
    std::ranges::sort(found);
    return found;
}

class Judge {
public:
    Judge(stage::Run& run, bool census_complete) : run_(run), complete_(census_complete), catalogue_(run.db()) {}

    Arrivals operator()() {
        const auto& incoming = run_.settings().folders.incoming;
        for (const auto& relative : files_below(incoming)) {
            if (run_.stop_requested()) throw Interrupted{"interrupted", "asked to stop between two files"};
            if (catalogue_.is_placeholder(relative) && files::looks_like_placeholder(incoming / relative)) continue;
            run_.activity("checking what icloudpd brought");
            attempt(relative, incoming / relative);
        }
        return result_;
    }

private:
    /// One file that cannot be read keeps no other from coming in.
    void attempt(const fs::path& relative, const fs::path& file) {
        try {
            files::in_our_words([&] { judge(relative, file); });
        } catch (const Unavailable&) {
            throw;
        } catch (const TransientError& error) {
            if (nothing_more_fits(error)) throw;
            run_.failed({error.code(), files::printable(relative.string()) + ": " + full_message(error)});
        }
    }

    void judge(const fs::path& relative, const fs::path& file) {
        const auto digests = files::digest_file(file);
        auto resources = catalogue_.resources_with(digests.apple_checksum);
        std::erase_if(resources, [&](const Resource& one) { return one.size != digests.size; });
        if (resources.empty()) return nothing_matches(relative, file, digests);
        const bool wanted = resources.front().state != "taken";
        if (wanted) {
            run_.expect(1);
            take_in(run_, file, digests, resources.front(), Source::icloudpd);
            run_.finished();
            ++result_.taken_in;
        } else {
            put_back_lost(resources, file);
            ++result_.repeated;
        }
        const auto owner = catalogue_.item_with_content(digests.sha256);
        stand_in(run_, relative, owner ? std::optional{owner->id} : std::nullopt, digests.size, owner ? owner->taken : run_.now());
        result_.taken_in += serve_same_content(run_, digests.apple_checksum);
    }

    /// An original that is not where its row says goes back there: this is its content.
    void put_back_lost(const std::vector<Resource>& resources, const fs::path& file) {
        for (const auto& resource : resources)
            for (const auto& item : catalogue_.items_of(resource.asset)) {
                if (item.resource_id != resource.id || !item.local_path || files::status_of(*item.local_path)) continue;
                files::share_file(file, *item.local_path, false);
                files::set_modified(*item.local_path, item.taken);
                media_db::Events(run_.db()).add({0, run_.now(), item.id, item.asset, run_.id(), "icloud_download", "original_put_back", "{}"});
                log::warning("lost original put back", {{"MEDIA_ID", item.id.value}});
            }
    }

    void nothing_matches(const fs::path& relative, const fs::path& file, const files::Digests& digests) {
        if (!complete_) {
            ++result_.left;
            return;
        }
        const auto reason = why_nothing_matches(file, digests.size);
        auto target = run_.settings().folders.trash / "set_aside" / relative;
        files::make_directories(target.parent_path());
        bool there_already = false;  // set aside by a run that died before the placeholder, and brought again
        target = files::free_name(target, [&](const fs::path& name) {
            there_already = files::is_file(name) && files::digest_file(name) == digests;
            return !there_already && files::status_of(name).has_value();
        });
        // The row first: a death in between leaves a row of a file that is set aside by the next run, never a file in the trash that nobody knows.
        MF_AROUND("icloud_download.set_aside.row", catalogue_.add_set_aside(relative, target, digests.size, to_hex(digests.sha256), reason, run_.now()));
        if (there_already)
            MF_AROUND("icloud_download.set_aside.drop", files::remove_file(file));
        else
            MF_AROUND("icloud_download.set_aside.move", files::move_file(file, target));
        // Our own client fetches what is missing; icloudpd would only damage it again under the same name.
        stand_in(run_, relative, catalogue_.placeholder_owner(relative), Bytes{std::max<std::uint64_t>(1, digests.size.count)}, run_.now());
        log::warning("arrival set aside", {{"REASON", reason.code}, {"BYTES", digests.size.count}});
        run_.tell(files::printable(relative.filename().string()) + " set aside: " + reason.text);
        ++result_.set_aside;
    }

    stage::Run& run_;
    bool complete_;
    Catalogue catalogue_;
    Arrivals result_;
};

}  // namespace

Reason why_nothing_matches(const fs::path& file, Bytes size) {
    if (size.count == 0) return {"download.empty", "icloudpd left an empty file"};
    if (icloud::looks_like_text(head_of(file))) return {"download.page", "a web page came in place of the photo"};
    return {"download.mismatch", "the content matches no checksum that iCloud lists: cut short, damaged, or not from this library"};
}

Arrivals take_arrivals(stage::Run& run, bool census_complete) { return Judge{run, census_complete}(); }

std::int64_t serve_same_content(stage::Run& run, const std::string& apple_checksum) {
    Catalogue catalogue{run.db()};
    const auto resources = catalogue.resources_with(apple_checksum);
    const auto taken = std::ranges::find(resources, "taken", &Resource::state);
    if (taken == resources.end()) return 0;
    // The original may have moved on already; any file of the house with this content and a local original will do.
    std::optional<media_db::MediaItem> source;
    for (const auto& item : catalogue.items_of(taken->asset))
        if (item.apple_checksum == apple_checksum && item.local_path && files::is_file(*item.local_path)) source = item;
    if (!source) return 0;
    std::int64_t served = 0;
    for (const auto& resource : resources) {
        if (resource.state == "taken" || resource.size != source->size) continue;
        const auto digests = files::digest_file(*source->local_path);
        if (digests.apple_checksum != apple_checksum) return served;  // rotten at home: fetched from iCloud instead
        run.expect(1);
        take_in(run, *source->local_path, digests, resource, Source::same_content);
        run.finished();
        ++served;
    }
    return served;
}

}  // namespace mediaferry::stages
