// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/loopback_server.h"

#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <list>
#include <mutex>
#include <thread>

namespace mediaferry::test {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using net::ip::tcp;

std::string text_of(const Answer& answer) {
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " Answer\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n";
    for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
    return text + "\r\n" + answer.body.substr(0, answer.cut_after.value_or(answer.body.size()));
}

Seen seen_of(const beast::http::request<beast::http::string_body>& request, int connection) {
    Seen seen;
    seen.method = std::string(request.method_string());
    seen.target = std::string(request.target());
    for (const auto& field : request) seen.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    seen.body = request.body();
    seen.connection = connection;
    return seen;
}

}  // namespace

std::string Seen::header(const std::string& name) const {
    for (const auto& [have, value] : headers) {
        if (beast::iequals(have, name)) return value;
    }
    return {};
}

struct LoopbackServer::Impl {
    Handler handler;
    net::io_context context;
    tcp::acceptor acceptor{context, tcp::endpoint{net::ip::make_address("127.0.0.1"), 0}};
    unsigned short port = acceptor.local_endpoint().port();
    mutable std::mutex mutex;
    std::vector<Seen> requests;
    std::list<tcp::socket> sockets;
    std::list<std::thread> threads;
    bool closing = false;
    std::thread accepting;

    explicit Impl(Handler the_handler) : handler(std::move(the_handler)), accepting([this] { accept(); }) {}

    ~Impl() {
        {
            const std::lock_guard hold(mutex);
            closing = true;
            // shutdown, not close: it wakes the threads that wait in these sockets.
            ::shutdown(acceptor.native_handle(), SHUT_RDWR);
            for (tcp::socket& socket : sockets) ::shutdown(socket.native_handle(), SHUT_RDWR);
        }
        accepting.join();
        for (std::thread& thread : threads) thread.join();
    }

    void accept() {
        for (int number = 1;; ++number) {
            boost::system::error_code failed;
            tcp::socket socket(context);
            acceptor.accept(socket, failed);
            const std::lock_guard hold(mutex);
            if (failed || closing) return;
            sockets.push_back(std::move(socket));
            threads.emplace_back([this, &mine = sockets.back(), number] { serve(mine, number); });
        }
    }

    void serve(tcp::socket& socket, int number) {
        beast::flat_buffer buffer;
        for (;;) {
            boost::system::error_code failed;
            beast::http::request_parser<beast::http::string_body> parser;
            parser.body_limit(256 << 20);
            beast::http::read(socket, buffer, parser, failed);
            if (failed) break;
            Answer answer;
            {
                const std::lock_guard hold(mutex);
                if (closing) return;
                requests.push_back(seen_of(parser.get(), number));
                answer = handler(requests.back());
            }
            if (answer.hang) {
                char byte = 0;
                socket.read_some(net::buffer(&byte, 1), failed);  // until the client gives up or the server goes
                break;
            }
            if (answer.hang_up) break;
            net::write(socket, net::buffer(text_of(answer)), failed);
            if (failed || answer.drop || answer.cut_after) break;
        }
        ::shutdown(socket.native_handle(), SHUT_RDWR);
    }
};

LoopbackServer::LoopbackServer(Handler handler) : impl_(std::make_unique<Impl>(std::move(handler))) {}
LoopbackServer::~LoopbackServer() = default;
unsigned short LoopbackServer::port() const { return impl_->port; }
std::string LoopbackServer::url() const { return "http://127.0.0.1:" + std::to_string(impl_->port); }

std::vector<Seen> LoopbackServer::seen() const {
    const std::lock_guard hold(impl_->mutex);
    return impl_->requests;
}

}  // namespace mediaferry::test
