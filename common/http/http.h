#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One HTTP request with a deadline, over libcurl. Status codes are answers; only "no answer" is a failure.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mediaferry::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
    std::string method = "GET";
    std::string url;
    Headers headers;
    std::string body;
    std::chrono::seconds connect_timeout{15};
    std::chrono::seconds timeout{60};      ///< whole request; 0: none, then `stall` alone ends it
    std::chrono::seconds stall{60};        ///< longest time with less than 1 byte/s
    std::uint64_t max_body = 64ULL << 20;  ///< a longer body is a failure ("http.too_large"); not for download()'s sink
    /// It has an effect over there: sent over a connection of its own. On one that was kept, libcurl sends a request again, a POST too, when the
    /// server closes it without a word, though it may have done what was asked (Curl_retry_request).
    bool once = false;
    std::function<bool()> stop = {};       ///< asked about once a second; true ends it: Interrupted ("http.stopped")
};

struct Response {
    int status = 0;
    Headers headers;  ///< in order, names as sent; Set-Cookie may repeat
    std::string body;
    /// First header of that name, any case; "" when absent.
    std::string header(std::string_view name) const;
};

/// Gets the body piece by piece; returning false ends the transfer: Interrupted ("http.stopped"). What it throws comes out of download().
using Sink = std::function<bool(std::string_view piece)>;

/// How to reach the other side; fixed for a Client.
struct Route {
    std::string proxy;    ///< "" = none (the environment's proxy variables are not read)
    std::string ca_file;  ///< "" = the system's CA bundle; else trusted instead of it
    std::string user_agent = "mediaferry";
};

/// Keeps connections alive between requests; one thread. Never follows redirects; never sends a body to another host.
class Client {
public:
    explicit Client(Route = {});
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    /// Never names more of the URL than its host: the rest may be a secret. Throws BadInput (http.url, http.header) for what cannot be sent,
    /// else Unavailable with code http.unreachable, http.timeout, http.tls, http.broken (connection lost in the middle) or http.too_large.
    Response send(const Request&);
    /// As send(), the body of a 200 or 206 goes to the sink (any other body to Response::body). Throws also when the
    /// body ended before Content-Length bytes.
    Response download(const Request&, const Sink&);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Percent-encodes everything outside A-Za-z0-9-._~ .
std::string encode(std::string_view);

}  // namespace mediaferry::http
