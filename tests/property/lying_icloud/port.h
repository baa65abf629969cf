#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// One port of 127.0.0.1 that is a proxy: plain requests as they come, CONNECT followed by TLS with a certificate of our own for Apple's names.
// One handler at a time hears them all.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/types/fs.h"

namespace mediaferry::lying {

struct Asked {
    std::string host, path, query, body, range;
};
struct Said {
    int status = 200;
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::optional<std::size_t> cut_after = {};  ///< so many bytes of the body, then the connection ends
    bool hang_up = false;                       ///< no answer at all
};
using Listener = std::function<Said(const Asked&)>;

class Port {
public:
    /// Makes CA and certificate in `directory` with the openssl program.
    explicit Port(const fs::path& directory);
    ~Port();
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;

    /// Who answers from now on; an empty one answers nobody.
    void listen(Listener);
    std::string proxy() const;
    fs::path ca() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace mediaferry::lying
