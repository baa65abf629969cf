// SPDX-License-Identifier: GPL-3.0-or-later
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "common/errors/errors.h"
#include "common/http/http.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

const char* const kServer = R"(
import http.server, os, ssl, sys
os.chdir(sys.argv[1])
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
with open("port.part", "w") as file:
    file.write(str(server.server_port))
os.rename("port.part", "port")
server.serve_forever()
)";

/// An HTTPS server on 127.0.0.1 with a certificate that nobody has heard of.
class UnknownAuthority {
public:
    UnknownAuthority() {
        const std::string make = "cd " + dir_.path().string() +
                                 " && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=test -addext "
                                 "subjectAltName=IP:127.0.0.1 2>openssl.log";
        REQUIRE(std::system(make.c_str()) == 0);
        const std::string where = dir_.path().string();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)!::freopen("/dev/null", "w", stderr);
            ::execlp("python3", "python3", "-c", kServer, where.c_str(), nullptr);
            ::_exit(127);
        }
        while (!fs::exists(dir_ / "port")) {
            if (::waitpid(pid_, nullptr, WNOHANG) == pid_) FAIL("the server does not start");
            ::usleep(2000);
        }
        port_ = read(dir_ / "port");
    }
    ~UnknownAuthority() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    std::string port() const { return port_; }
    std::string certificate() const { return (dir_ / "cert.pem").string(); }

private:
    TempDir dir_;
    pid_t pid_ = -1;
    std::string port_;
};

std::string outcome(const http::Route& route, const std::string& url) {
    try {
        return std::to_string(http::Client{route}.send({.url = url}).status);
    } catch (const Error& error) {
        return error.code();
    }
}

}  // namespace

TEST_CASE("a server is believed only with a certificate of a trusted authority, for its own name", "[http]") {
    const UnknownAuthority server;
    const std::string url = "https://127.0.0.1:" + server.port();
    const http::Route trusting{.ca_file = server.certificate()};

    CHECK(outcome({}, url) == "http.tls");
    CHECK(outcome(trusting, url) == "501");                                        // an answer: it knows no GET
    CHECK(outcome(trusting, "https://localhost:" + server.port()) == "http.tls");  // the certificate is for 127.0.0.1
    CHECK(outcome({.ca_file = "/does/not/exist.pem"}, url) == "http.tls");
}
