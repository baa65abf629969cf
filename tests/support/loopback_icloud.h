#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The loopback iCloud (tests/support/loopback_icloud.py) as a child of this test, its library, and its control calls.

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "common/config/settings.h"
#include "common/http/http.h"
#include "common/process/dialogue.h"
#include "tests/support/temp_dir.h"

namespace mediaferry::test {

class Loopback {
public:
    Loopback();
    const TempDir& dir() const { return dir_; }
    /// Reaches it as the real iCloud would be reached: its proxy, its CA, a cookie directory of the test's own.
    config::ICloud settings() const;
    nlohmann::json call(const std::string& name, const nlohmann::json& given = nlohmann::json::object());
    /// Adds an asset from a description as in tests/support/sample_library.py, its resources given by content. Returns its record name.
    std::string add_described(nlohmann::json spec, const std::map<std::string, std::string>& contents);
    /// Adds an asset whose files have these bytes: {"original": …, "edited": …}. Returns its record name.
    std::string add(const std::string& key, const std::map<std::string, std::string>& contents, int day = 1);
    void fault(const nlohmann::json& what) { call("fault", what); }
    /// The two session files, as a sign-in would have left them.
    void seed_session();

    // -- looking --
    nlohmann::json asset(const std::string& key) { return call("state").at("assets").at(key); }
    bool is_deleted(const std::string& key) { return asset(key).at("deleted"); }
    bool is_filed(const std::string& key, const std::string& album = "DeletePending");
    /// Keys of what a client's request has deleted, in order: the loopback's own record.
    std::vector<std::string> deleted();
    /// Content requests so far, with whatever answer.
    std::size_t downloads();
    /// Modifications asked for so far.
    std::size_t modifications();
    /// What the real icloudpd needs to reach it.
    std::map<std::string, std::string> icloudpd_environment() const;

private:
    TempDir dir_;
    std::unique_ptr<process::Dialogue> server_;
    int port_ = 0;
    std::string ca_;
    http::Client http_;
};

}  // namespace mediaferry::test
