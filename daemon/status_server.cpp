// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/status_server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <chrono>

#include "common/errors/errors.h"

namespace mediaferry::daemon {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr std::chrono::seconds kPatience{10};

tcp::endpoint endpoint_from_text(const std::string& text) {
    const auto colon = text.rfind(':');
    std::string host = text.substr(0, colon == text.npos ? 0 : colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    unsigned short port = 0;
    const char* end = text.data() + text.size();
    const auto parsed =
        colon == text.npos ? std::from_chars_result{text.data(), std::errc::invalid_argument} : std::from_chars(text.data() + colon + 1, end, port);
    if (error || parsed.ec != std::errc{} || parsed.ptr != end)
        throw ConfigError{"config.invalid", "status.listen: '" + text + "' is no address (write 127.0.0.1:8787)"};
    // It tells file names and asks for no password.
    if (!address.is_loopback())
        throw ConfigError{
            "config.invalid",
            "status.listen: '" + text + "' can be reached from other machines (write 127.0.0.1:8787 and put a proxy with a password before it)"};
    return {address, port};
}

/// A page of a stranger may point its own name at this address; only one that was asked for by ours is answered.
bool asked_by_our_name(std::string_view host) {
    if (const auto colon = host.rfind(':'); colon != host.npos && host.find(']', colon) == host.npos) host = host.substr(0, colon);
    return host == "localhost" || host.starts_with("127.") || host == "[::1]";
}

http::response<http::string_body> answer(const http::request<http::empty_body>& request, const StatusServer::Pages& pages) {
    http::response<http::string_body> response{http::status::ok, request.version()};
    response.set(http::field::cache_control, "no-store");
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    const auto target = request.target().substr(0, request.target().find('?'));
    try {
        if (const auto host = request[http::field::host]; !asked_by_our_name({host.data(), host.size()})) {
            response.result(http::status::forbidden);
            response.body() = "ask for it by 127.0.0.1 or localhost\n";
        } else if (request.method() != http::verb::get && request.method() != http::verb::head) {
            response.result(http::status::method_not_allowed);
            response.set(http::field::allow, "GET, HEAD");
            response.body() = "read only\n";
        } else if (target == "/healthz") {
            pages.status();  // media.db answers too, or it is not healthy
            response.body() = "ok\n";
        } else if (target == "/status" || target == "/queue") {
            response.set(http::field::content_type, "application/json");
            response.body() = target == "/status" ? pages.status() : pages.queue();
        } else if (target == "/metrics") {
            response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
            response.body() = pages.metrics();
        } else {
            response.result(http::status::not_found);
            response.body() = "/healthz /status /queue /metrics\n";
        }
    } catch (const std::exception& error) {
        response.result(http::status::service_unavailable);
        response.body() = full_message(error) + "\n";
    }
    response.keep_alive(false);
    response.prepare_payload();
    if (request.method() == http::verb::head) response.body().clear();
    return response;
}

/// One question, one answer.
class Session : public std::enable_shared_from_this<Session> {
public:
    Session(tcp::socket socket, std::shared_ptr<const StatusServer::Pages> pages) : stream_(std::move(socket)), pages_(std::move(pages)) {
        parser_.header_limit(8192);
        parser_.body_limit(0);
    }
    void begin() {
        stream_.expires_after(kPatience);
        http::async_read_header(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
            if (!error) self->reply();
        });
    }

private:
    void reply() {
        response_ = answer(parser_.get(), *pages_);
        stream_.expires_after(kPatience);
        http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code, std::size_t) {
            beast::error_code ignored;
            self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        });
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    http::request_parser<http::empty_body> parser_;
    http::response<http::string_body> response_;
    std::shared_ptr<const StatusServer::Pages> pages_;
};

}  // namespace

struct StatusServer::Impl : std::enable_shared_from_this<Impl> {
    Impl(asio::io_context& context, Pages given) : acceptor(context), pages(std::make_shared<const Pages>(std::move(given))) {}

    void accept() {
        acceptor.async_accept([self = shared_from_this()](beast::error_code error, tcp::socket socket) {
            if (error == asio::error::operation_aborted) return;
            if (!error) std::make_shared<Session>(std::move(socket), self->pages)->begin();
            if (self->acceptor.is_open()) self->accept();
        });
    }

    tcp::acceptor acceptor;
    std::shared_ptr<const Pages> pages;
};

StatusServer::StatusServer(asio::io_context& context, const std::string& listen, Pages pages)
    : impl_(std::make_shared<Impl>(context, std::move(pages))) {
    const auto endpoint = endpoint_from_text(listen);
    try {
        impl_->acceptor.open(endpoint.protocol());
        impl_->acceptor.set_option(tcp::acceptor::reuse_address(true));
        impl_->acceptor.bind(endpoint);
        impl_->acceptor.listen();
    } catch (const boost::system::system_error& error) {
        throw Unavailable{"status.listen", "the status page cannot listen on " + listen + ": " + error.code().message()};
    }
    impl_->accept();
}

StatusServer::~StatusServer() {
    boost::system::error_code ignored;
    impl_->acceptor.close(ignored);
}

unsigned short StatusServer::port() const { return impl_->acceptor.local_endpoint().port(); }

}  // namespace mediaferry::daemon
