// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/property/lying_icloud/port.h"

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdlib>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace mediaferry::lying {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using net::ip::tcp;

constexpr auto kMake = R"(cd '%' && {
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=not Apple' -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout leaf.key -out leaf.csr -subj /CN=setup.icloud.com
printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:setup.icloud.com,DNS:p99-ckdatabasews.icloud.com,DNS:cvws.icloud-content.com\n' > leaf.ext
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 30 -extfile leaf.ext
} 2> openssl.log)";

void make_certificates(const fs::path& directory) {
    std::string command = kMake;
    command.replace(command.find('%'), 1, directory.string());
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl made no certificate, see " + (directory / "openssl.log").string());
}

std::string text_of(const Said& said) {
    std::string text = "HTTP/1.1 " + std::to_string(said.status) + " Said\r\nContent-Length: " + std::to_string(said.body.size()) + "\r\n";
    for (const auto& [name, value] : said.headers) text += name + ": " + value + "\r\n";
    return text + "\r\n" + said.body.substr(0, said.cut_after.value_or(said.body.size()));
}

/// "http://host/path?query" or "/path?query", the host then from outside.
Asked asked_of(const http::request<http::string_body>& request, std::string host) {
    std::string target{request.target()};
    if (target.starts_with("http://")) {
        const auto slash = std::min(target.find('/', 7), target.size());
        host = target.substr(7, slash - 7);
        target = target.substr(slash);
    }
    const auto mark = target.find('?');
    return {host, target.substr(0, mark), mark == std::string::npos ? "" : target.substr(mark + 1), request.body(), std::string{request["Range"]}};
}

}  // namespace

struct Port::Impl {
    fs::path directory;
    net::ssl::context tls{net::ssl::context::tls_server};
    net::io_context context;
    tcp::acceptor acceptor{context, tcp::endpoint{net::ip::make_address("127.0.0.1"), 0}};
    std::mutex mutex, speaking;
    Listener listener;
    std::list<tcp::socket> sockets;
    std::list<std::thread> threads;
    bool closing = false;
    std::thread accepting;

    explicit Impl(const fs::path& where) : directory(where) {
        make_certificates(directory);
        tls.use_certificate_file((directory / "leaf.pem").string(), net::ssl::context::pem);
        tls.use_private_key_file((directory / "leaf.key").string(), net::ssl::context::pem);
        accepting = std::thread([this] { accept(); });
    }

    ~Impl() {
        {
            const std::lock_guard hold(mutex);
            closing = true;
            ::shutdown(acceptor.native_handle(), SHUT_RDWR);
            for (auto& socket : sockets) ::shutdown(socket.native_handle(), SHUT_RDWR);
        }
        accepting.join();
        for (auto& thread : threads) thread.join();
    }

    void accept() {
        for (;;) {
            boost::system::error_code failed;
            tcp::socket socket(context);
            acceptor.accept(socket, failed);
            const std::lock_guard hold(mutex);
            if (failed || closing) return;
            socket.set_option(tcp::no_delay{true}, failed);
            sockets.push_back(std::move(socket));
            threads.emplace_back([this, mine = std::prev(sockets.end())] {
                serve(*mine);
                ::shutdown(mine->native_handle(), SHUT_RDWR);
            });
        }
    }

    /// Of connections that have ended nothing is kept.
    void forget_all() {
        const std::lock_guard hold(mutex);
        for (auto& socket : sockets) ::shutdown(socket.native_handle(), SHUT_RDWR);
        for (auto& thread : threads) thread.join();
        threads.clear();
        sockets.clear();
    }

    void serve(tcp::socket& socket) {
        boost::beast::flat_buffer buffer;
        boost::system::error_code failed;
        for (;;) {
            http::request_parser<http::string_body> parser;
            http::read(socket, buffer, parser, failed);
            if (failed) return;
            if (parser.get().method() == http::verb::connect) {
                const std::string host{parser.get().target()};
                net::write(socket, net::buffer(std::string{"HTTP/1.1 200 Connected\r\n\r\n"}), failed);
                net::ssl::stream<tcp::socket&> secured{socket, tls};
                secured.handshake(net::ssl::stream_base::server, failed);
                if (!failed) talk(secured, host.substr(0, host.find(':')));
                return;
            }
            if (!answer(socket, parser.get(), "")) return;
        }
    }

    template <class Stream>
    void talk(Stream& stream, const std::string& host) {
        boost::beast::flat_buffer buffer;
        for (;;) {
            http::request_parser<http::string_body> parser;
            boost::system::error_code failed;
            http::read(stream, buffer, parser, failed);
            if (failed || !answer(stream, parser.get(), host)) return;
        }
    }

    template <class Stream>
    bool answer(Stream& stream, const http::request<http::string_body>& request, const std::string& host) {
        Said said{503, "", {}, {}, true};
        {
            const std::lock_guard hold(speaking);
            if (listener) said = listener(asked_of(request, host));
        }
        if (said.hang_up) return false;
        boost::system::error_code failed;
        net::write(stream, net::buffer(text_of(said)), failed);
        return !failed && !said.cut_after;
    }
};

Port::Port(const fs::path& directory) : impl_(std::make_unique<Impl>(directory)) {}
Port::~Port() = default;

void Port::listen(Listener listener) {
    impl_->forget_all();
    const std::lock_guard hold(impl_->speaking);
    impl_->listener = std::move(listener);
}

std::string Port::proxy() const { return "http://127.0.0.1:" + std::to_string(impl_->acceptor.local_endpoint().port()); }
fs::path Port::ca() const { return impl_->directory / "ca.pem"; }

}  // namespace mediaferry::lying
