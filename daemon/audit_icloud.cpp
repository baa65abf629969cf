// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit_icloud.h"

#include <algorithm>

#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/icloud/session.h"
#include "common/media_db/catalogue.h"
#include "common/media_db/runs.h"

namespace mediaferry::daemon {

using media_db::Catalogue;

namespace {

std::string in_lower_case(std::string name) {
    for (auto& letter : name)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return name;
}

void listed_short(const icloud::Listing& listing, const std::string& list, Ledger& ledger) {
    if (listing.complete()) return;
    ledger.unreached({"icloud", "icloud.incomplete",
                      "iCloud shows " + std::to_string(listing.seen) + " photos in " + list + " and counts " + std::to_string(listing.expected) +
                          ": what it did not show was not looked at"});
}

}  // namespace

std::optional<media_db::Asset> AuditICloud::row_of(const icloud::Asset& asset) const {
    return Catalogue{db_}.asset_named(in_lower_case(settings_.icloud.username), zone_, asset.record_name);
}

bool AuditICloud::look(Ledger& ledger, const std::function<void(std::int64_t)>& seen) {
    const auto away = [&](const std::string& code, const std::string& text, bool sign_in) {
        ledger.unreached({"icloud", code, text, sign_in});
        return false;
    };
    try {
        if (icloud::Session::read(settings_.icloud.cookie_directory, settings_.icloud.username).empty())
            return away("icloud.sign_in", "nobody has signed in to iCloud yet (mediaferry auth login)", true);
        const auto session = icloud::SessionLock::take(settings_.icloud.cookie_directory, icloud::SessionLock::kPatience);
        icloud::Client client{session, settings_.icloud, clock_, {}, stop_};
        switch (client.sign_in()) {
            case icloud::SignIn::signed_in: break;
            case icloud::SignIn::two_factor: return away("icloud.two_factor", "iCloud asks for a code (mediaferry auth login)", true);
            case icloud::SignIn::login_needed:
                return away("icloud.session", "the iCloud session has ended; the next icloud_download signs in again", false);
        }
        zone_ = client.library().zone;
        census_ = media_db::Facts{db_}.written("census");
        std::int64_t count = 0;
        const auto page = [&](void (AuditICloud::*judge)(const icloud::Asset&, Ledger&)) {
            return [&, judge](const std::vector<icloud::Asset>& assets) {
                for (const auto& asset : assets) (this->*judge)(asset, ledger);
                seen(count += static_cast<std::int64_t>(assets.size()));
                return !(stop_ && stop_());
            };
        };
        const auto live = client.list(page(&AuditICloud::listed));
        if (stop_ && stop_()) throw Interrupted{"interrupted", "asked to stop"};
        listed_short(live, "the library", ledger);
        const auto deleted = client.list_recently_deleted(page(&AuditICloud::recently_deleted));
        if (stop_ && stop_()) throw Interrupted{"interrupted", "asked to stop"};
        listed_short(deleted, "Recently Deleted", ledger);
        return live.complete() && deleted.complete();
    } catch (const Interrupted&) {
        throw;
    } catch (const Error& error) {
        return away(error.code(), full_message(error), dynamic_cast<const SignInRequired*>(&error) != nullptr);
    }
}

void AuditICloud::listed(const icloud::Asset& asset, Ledger& ledger) {
    const auto row = row_of(asset);
    // What arrived after our last listing is nobody's fault.
    const bool is_new = !census_ || asset.added > *census_;
    ledger.expect(row || is_new, "I7", asset.filename + " (" + asset.record_name + ") is in iCloud, and media.db does not know it");
    if (!row) return;
    ledger.expect(
        !row->deleted, "I1",
        asset.filename + " (" + asset.record_name + ") counts as deleted and is listed in iCloud: it was not deleted, or somebody recovered it");
    // Edited since: the next listing brings the new files.
    if (row->change_tag != asset.change_tag) return;
    const auto known = Catalogue{db_}.resources(row->id);
    for (const auto& resource : asset.resources) {
        const auto same =
            std::ranges::any_of(known, [&](const media_db::Resource& one) { return one.kind == resource.kind && one.checksum == resource.checksum; });
        ledger.expect(same, "I7", asset.filename + ": iCloud lists its " + std::string{to_text(resource.kind)} + ", and media.db does not know it");
    }
}

void AuditICloud::recently_deleted(const icloud::Asset& asset, Ledger& ledger) {
    const auto row = row_of(asset);
    // Deleted by a person, here never or not yet.
    if (!row || !row->deleted) return;
    const auto items = Catalogue{db_}.items_of(row->id);
    for (const auto& resource : asset.resources) {
        const auto here = std::ranges::any_of(
            items, [&](const media_db::MediaItem& item) { return item.apple_checksum == resource.checksum && item.size == resource.size; });
        ledger.expect(here, "I1",
                      asset.filename + " was deleted from iCloud, and its " + std::string{to_text(resource.kind)} +
                          " was never here: recover it in Photos, Recently Deleted");
    }
}

}  // namespace mediaferry::daemon
