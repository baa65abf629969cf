#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Pages for this machine alone, all read only: /healthz, /status and /queue (JSON), /metrics (Prometheus).

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

namespace mediaferry::daemon {

class StatusServer {
public:
    struct Pages {
        std::function<std::string()> status, queue, metrics;  ///< may throw: the answer is then 503
    };
    /// Listens on "127.0.0.1:8787" or "[::1]:8787"; port 0: the kernel chooses. Throws ConfigError for an address that is not loopback,
    /// Unavailable ("status.listen") when it cannot be had.
    StatusServer(boost::asio::io_context&, const std::string& listen, Pages);
    ~StatusServer();
    unsigned short port() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace mediaferry::daemon
