// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/audit.h"

#include <algorithm>

#include "common/errors/errors.h"
#include "daemon/audit_books.h"
#include "daemon/audit_icloud.h"
#include "daemon/audit_phone.h"
#include "daemon/audit_places.h"
#include "daemon/audit_sample.h"
#include "daemon/audit_secrets.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

namespace {

using media_db::MediaItem;

constexpr std::size_t kPage = 500;

class Auditor {
public:
    Auditor(media_db::MediaDb& db, const config::Settings& settings, const AuditWanted& wanted, const Clock& clock)
        : db_(db),
          settings_(settings),
          wanted_(wanted),
          clock_(clock),
          books_(db, settings, clock.now()),
          places_(settings, wanted.stop),
          phone_(settings, clock),
          sample_(wanted.percent, wanted.seed),
          last_(media_db::Catalogue{db}.last_item().value) {}

    Audit run() {
        Audit result;
        result.looked_at = {"media.db", "folders"};
        if (wants("nas", settings_.archive.enabled)) places_.open_nas(db_, ledger_);
        if (places_.nas_reached()) result.looked_at.emplace_back("nas");
        if (wants("syncthing", settings_.pixel.enabled && settings_.syncthing.enabled)) phone_.open(ledger_);
        if (phone_.reached()) result.looked_at.emplace_back("syncthing");
        if (wanted_.percent > 0) draw();
        walk("checking", [this](const MediaItem& item) { check(item); });
        books_.whole(ledger_);
        audit_secrets(settings_, ledger_);
        if (wants("icloud", settings_.icloud.enabled)) {
            AuditICloud icloud{db_, settings_, clock_, wanted_.stop};
            if (icloud.look(ledger_, [this](std::int64_t seen) { say("listing iCloud", seen, 0); })) result.looked_at.emplace_back("icloud");
        }
        result.invariants = ledger_.invariants();
        result.unreached = ledger_.unreached();
        result.files_read = files_read_;
        result.bytes_read = places_.read();
        return result;
    }

private:
    bool wants(const std::string& part, bool enabled) const { return enabled && !wanted_.without.contains(part); }
    void say(const std::string& doing, std::int64_t done, std::int64_t of) const {
        if (wanted_.progress) wanted_.progress(doing, done, of);
    }

    template <class Work>
    void walk(const std::string& doing, Work&& work) {
        MediaId at{0};
        while (true) {
            const auto page = media_db::Catalogue{db_}.items_after(at, kPage);
            if (page.empty()) return;
            for (const auto& item : page) {
                if (wanted_.stop && wanted_.stop()) throw Interrupted{"interrupted", "asked to stop"};
                work(item);
                at = item.id;
                say(doing, at.value, last_);
            }
        }
    }

    void draw() {
        walk("drawing what is read", [this](const MediaItem& item) { sample_.tell(AuditFacts::of(db_, item).folder(), item.id); });
    }

    void check(const MediaItem& item) {
        const bool of_new_asset = item.asset && assets_.insert(*item.asset).second;
        const bool read = sample_.chosen(AuditFacts::of(db_, item).folder(), item.id);
        if (read) ++files_read_;
        auto found = look(item, of_new_asset, read);
        // Stages go on meanwhile: what moved between two readings of it is no violation.
        if (!found.clean())
            if (const auto again = media_db::Catalogue{db_}.item(item.id)) found = look(*again, of_new_asset, read);
        ledger_.add(found);
    }

    Ledger look(const MediaItem& item, bool with_asset, bool read) {
        Ledger page;
        const auto facts = AuditFacts::of(db_, item);
        books_.file(facts, page);
        try {
            places_.file(facts, read, page);
        } catch (const Interrupted&) {
            throw;
        } catch (const Error& error) {
            page.expect(false, "I5", item, "cannot be read: " + full_message(error));
        }
        phone_.file(facts, page);
        if (with_asset) books_.asset(*item.asset, page);
        return page;
    }

    media_db::MediaDb& db_;
    const config::Settings& settings_;
    const AuditWanted& wanted_;
    const Clock& clock_;
    Ledger ledger_;
    AuditBooks books_;
    AuditPlaces places_;
    AuditPhone phone_;
    AuditSample sample_;
    std::int64_t last_;
    std::set<AssetId> assets_;
    std::int64_t files_read_ = 0;
};

}  // namespace

bool Audit::violated() const {
    return std::ranges::any_of(invariants, [](const Invariant& row) { return row.violations > 0; });
}

int Audit::exit_code() const {
    if (violated()) return kItemsFailed;
    if (unreached.empty()) return 0;
    return std::ranges::any_of(unreached, &Unreached::sign_in) ? kSignIn : kUnavailable;
}

Audit audit(media_db::MediaDb& db, const config::Settings& settings, const AuditWanted& wanted, const Clock& clock) {
    return Auditor{db, settings, wanted, clock}.run();
}

}  // namespace mediaferry::daemon
