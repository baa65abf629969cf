#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A programmable HTTP server on 127.0.0.1, its port chosen by the kernel. It can also be a bad one: hang, cut answers short,
// drop connections that it had promised to keep.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mediaferry::test {

struct Seen {
    std::string method;
    std::string target;  ///< path and query
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    int connection = 0;  ///< 1, 2, …: which TCP connection it came over
    /// First header of that name, any case; "" when absent.
    std::string header(const std::string& name) const;
};

struct Answer {
    int status = 200;
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::optional<std::size_t> cut_after = {};  ///< only so many bytes of the body are sent, then the connection is closed
    bool drop = false;                          ///< closes the connection after the answer, without having said so
    bool hang = false;                          ///< never answers
    bool hang_up = false;                       ///< closes the connection without a word
};

class LoopbackServer {
public:
    using Handler = std::function<Answer(const Seen&)>;
    /// The handler runs in the server's threads, one call at a time.
    explicit LoopbackServer(Handler);
    ~LoopbackServer();
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;

    unsigned short port() const;
    std::string url() const;         ///< "http://127.0.0.1:PORT"
    std::vector<Seen> seen() const;  ///< all requests so far

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::test
