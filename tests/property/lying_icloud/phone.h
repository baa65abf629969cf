#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Stands in for the server's Syncthing and the phone behind it, at once and by the house's clock; keeps its own record of what Google has.

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "common/types/fs.h"
#include "tests/support/loopback_server.h"
#include "tests/support/manual_clock.h"

namespace mediaferry::lying {

class Phone {
public:
    Phone(fs::path outbox, const test::ManualClock& clock);

    std::string url() const { return server_.url(); }
    bool connected = true;

    /// Google Photos has uploaded everything that has been there for so long, and frees its space.
    void free_up_space(std::chrono::seconds dwelt = {});
    /// Syncthing's memory of files that are gone, older than so: what only years would fill.
    void forget_gone(std::chrono::seconds older_than);
    /// Nothing has been there for longer than until now.
    void clock_went_back();
    /// The truth of it: these bytes are at Google, for good.
    bool freed(const std::string& sha256) const { return at_google_.contains(sha256); }
    /// The phone has had these bytes for so long, by the house's clock.
    bool has_had(const std::string& sha256, std::chrono::seconds dwell) const;

private:
    struct Held {
        std::string sha256;
        Timestamp since;
    };
    test::Answer answer(const test::Seen&);
    nlohmann::json said(const std::string& path, const std::string& query);
    void scan();

    fs::path outbox_;
    const test::ManualClock& clock_;
    nlohmann::json local_ = nlohmann::json::object(), at_phone_ = nlohmann::json::object();
    std::map<std::string, Held> photos_;
    std::map<std::string, Timestamp> gone_;  ///< from the outbox, and when
    std::set<std::string> at_google_;
    std::int64_t sequence_ = 1;
    test::LoopbackServer server_;  ///< last: its threads use the rest
};

}  // namespace mediaferry::lying
