// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/client.h"

#include <thread>

#include "common/icloud/answers.h"
#include "common/icloud/client_impl.h"
#include "common/log/log.h"

namespace mediaferry::icloud {
namespace {

constexpr auto kUserAgent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
constexpr auto kDefaultSetup = "https://setup.icloud.com/setup/ws/1";
constexpr int kOpLockTries = 4;

// "https://host:port/path?query" -> host, path
std::pair<std::string, std::string> host_and_path(const std::string& url) {
    const auto scheme = url.find("://");
    const auto start = scheme == std::string::npos ? 0 : scheme + 3;
    const auto slash = std::min(url.find('/', start), url.size());
    std::string host = url.substr(start, slash - start);
    host = host.substr(0, host.find(':'));
    std::string path = url.substr(slash);
    path = path.substr(0, path.find('?'));
    return {host, path.empty() ? "/" : path};
}

}  // namespace

Hosts hosts_of(const config::ICloud& settings) {
    const std::string cn = settings.domain == "cn" ? ".cn" : "";
    const bool standard = settings.setup_url.empty() || settings.setup_url == kDefaultSetup;
    return {standard ? "https://setup.icloud.com" + cn + "/setup/ws/1" : settings.setup_url, "https://www.icloud.com" + cn,
            "https://idmsa.apple.com" + cn};
}

http::Route route_of(const config::ICloud& settings) { return {settings.proxy, settings.ca_file.string(), kUserAgent}; }

Client::Impl::Impl(const SessionLock& held, const config::ICloud& set, const Clock& time, Library lib, std::function<bool()> stop_asked)
    : lock(held), settings(set), clock(time), library(std::move(lib)), stop(std::move(stop_asked)), hosts(hosts_of(set)), http(route_of(set)) {}

http::Response Client::Impl::post(const std::string& url, const std::string& body) {
    const auto [host, path] = host_and_path(url);
    http::Request request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Origin", hosts.origin}, {"Referer", hosts.origin + "/"}, {"Content-Type", "text/plain"}, {"Accept", "application/json"}};
    const std::string cookies = session.cookies_for(host, path, clock.now());
    if (!cookies.empty()) request.headers.emplace_back("Cookie", cookies);
    request.body = body;
    request.once = path.ends_with("/records/modify");
    request.timeout = std::chrono::seconds{120};
    http::Response response = http.send(request);
    session.merge(response, host, clock.now());
    session.write_back(lock);
    return response;
}

std::string Client::Impl::call(const std::string& path, const wire::json& body, const std::string& doing) {
    bool renewed = false;
    int op_locks = 0;
    for (;;) {
        check_stop();
        if (!account && sign_in() != SignIn::signed_in)
            throw SignInRequired{"icloud.sign_in", "nobody is signed in to iCloud: run `mediaferry auth login`"};
        const std::string url = account->database_url + "/database/1/com.apple.photos.cloud/production/" + library.scope + "/" + path +
                                "?clientBuildNumber=2522Project44&clientMasteringNumber=2522B2&clientId=" + http::encode(session.value("client_id")) +
                                "&dsid=" + account->dsid + "&remapEnums=True&getCurrentSyncToken=True";
        http::Response response = post(url, body.dump(-1, ' ', false, wire::json::error_handler_t::replace));
        const Verdict verdict = judge(response);
        if (verdict == Verdict::ok) return std::move(response.body);
        if (verdict == Verdict::stale && !renewed) {
            renewed = true;
            account.reset();
            continue;
        }
        if (verdict == Verdict::op_lock && ++op_locks < kOpLockTries) {
            log::debug("iCloud op-lock, trying again", {{"TRY", op_locks}});
            pause(std::chrono::milliseconds{250 << op_locks});
            continue;
        }
        if (verdict == Verdict::stale) account.reset();
        throw_verdict(verdict, response, doing);
    }
}

void Client::Impl::check_stop() const {
    if (stop && stop()) throw Interrupted{"icloud.stopped", "asked to stop"};
}

void Client::Impl::pause(std::chrono::milliseconds wait) const {
    const auto end = std::chrono::steady_clock::now() + wait;
    while (std::chrono::steady_clock::now() < end) {
        check_stop();
        std::this_thread::sleep_for(
            std::min<std::chrono::steady_clock::duration>(std::chrono::milliseconds{100}, end - std::chrono::steady_clock::now()));
    }
}

std::string Client::Impl::query(const std::string& record_type, const wire::json& filters, const std::string& doing) {
    // No desiredKeys: a resource of a kind we do not know must be seen, or its asset would look proven without it.
    wire::json body{{"query", {{"recordType", record_type}}}, {"zoneID", wire::zone_id(library)}};
    if (!filters.empty()) {
        body["query"]["filterBy"] = filters;
        body["resultsLimit"] = 200;
    }
    return call("records/query", body, doing);
}

Client::Client(const SessionLock& lock, const config::ICloud& settings, const Clock& clock, Library library, std::function<bool()> stop)
    : impl_(std::make_unique<Impl>(lock, settings, clock, std::move(library), std::move(stop))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

SignIn Client::sign_in() { return impl_->sign_in(); }
const Library& Client::library() const { return impl_->library; }

std::vector<ZoneRecord> Client::zones() { return read_zones(impl_->call("zones/list", wire::json::object(), "listing the libraries")); }

IndexingState Client::indexing() {
    return read_indexing(impl_->query("CheckIndexingState", wire::json::array(), "asking whether the library is indexed"));
}

std::int64_t Client::Impl::index_count(const std::string& index) {
    const wire::json filter{{"fieldName", "indexCountID"}, {"comparator", "IN"}, {"fieldValue", {{"type", "STRING_LIST"}, {"value", {index}}}}};
    const wire::json one{{"resultsLimit", 1},
                         {"query", {{"recordType", "HyperionIndexCountLookup"}, {"filterBy", filter}}},
                         {"zoneWide", true},
                         {"zoneID", wire::zone_id(library)}};
    return read_index_count(call("internal/records/query/batch", wire::json{{"batch", wire::json::array({one})}}, "counting the photos"));
}

}  // namespace mediaferry::icloud
