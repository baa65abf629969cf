// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/notify/notify.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <istream>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/notify/letters.h"
#include "tests/support/loopback_server.h"
#include "tests/support/port.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::test;
using notify::Notifier;
using notify::Severity;

namespace {

const notify::Message kUnmounted{.severity = Severity::error,
                                 .title = "NAS not mounted",
                                 .text = "marker missing in /mnt/nas; mount it again",
                                 .stage = "nas_archive",
                                 .code = "nas.unmounted",
                                 .at = Timestamp{std::chrono::seconds{1763640000}}};

/// An SMTP server for one mail; `refuse` turns the sender away.
class MailServer {
public:
    explicit MailServer(bool refuse) : refuse_(refuse), thread_([this] { serve(); }) {}
    ~MailServer() { thread_.join(); }
    std::string url() const { return "smtp://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }
    std::string heard;  ///< all the client said; read it after the mail is sent

private:
    void serve() {
        tcp::socket socket(context_);
        acceptor_.accept(socket);
        boost::asio::streambuf buffer;
        const auto say = [&](const std::string& line) { boost::asio::write(socket, boost::asio::buffer(line + "\r\n")); };
        say("220 test");
        bool in_mail = false;
        boost::system::error_code over;
        while (boost::asio::read_until(socket, buffer, '\n', over) > 0 && !over) {
            std::istream stream(&buffer);
            std::string line;
            std::getline(stream, line);
            heard += line + "\n";
            if (in_mail) {
                in_mail = line != ".\r";
                if (!in_mail) say("250 taken");
            } else if (line.starts_with("MAIL") && refuse_) {
                say("550 not you");
            } else if (line.starts_with("DATA")) {
                in_mail = true;
                say("354 go on");
            } else if (line.starts_with("QUIT")) {
                say("221 bye");
                break;
            } else {
                say("250 ok");
            }
        }
    }

    using tcp = boost::asio::ip::tcp;
    boost::asio::io_context context_;
    tcp::acceptor acceptor_{context_, tcp::endpoint{boost::asio::ip::make_address("127.0.0.1"), 0}};
    bool refuse_;
    std::thread thread_;
};

}  // namespace

TEST_CASE("ntfy gets the text, and title, priority and token as headers", "[notify]") {
    LoopbackServer server([](const Seen&) { return Answer{}; });
    config::Notify settings;
    settings.ntfy_url = server.url() + "/family";
    settings.ntfy_token = {true, "tk_secret", "test"};

    const auto deliveries = Notifier{settings}.send(kUnmounted);

    REQUIRE(deliveries.size() == 1);
    CHECK_FALSE(deliveries[0].failure);
    const Seen seen = server.seen().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/family");
    CHECK(seen.body == kUnmounted.text);
    CHECK(seen.header("Title") == "NAS not mounted");
    CHECK(seen.header("Priority") == "high");
    CHECK(seen.header("Tags") == "rotating_light");
    CHECK(seen.header("Authorization") == "Bearer tk_secret");
}

TEST_CASE("a webhook gets JSON, whatever the text holds", "[notify]") {
    LoopbackServer server([](const Seen&) { return Answer{.status = 204}; });
    config::Notify settings;
    settings.webhook_url = server.url() + "/hook";
    notify::Message message = kUnmounted;
    message.text = "Käse \"x\"\n\xff.jpg";

    CHECK_FALSE(Notifier{settings}.send(message).at(0).failure);

    const auto json = nlohmann::json::parse(server.seen().at(0).body);
    CHECK(json.at("title") == "NAS not mounted");
    CHECK(json.at("text") == "Käse \"x\"\n\xef\xbf\xbd.jpg");
    CHECK(json.at("severity") == "error");
    CHECK(json.at("stage") == "nas_archive");
    CHECK(json.at("code") == "nas.unmounted");
    CHECK(json.at("at") == "2025-11-20T12:00:00Z");
    CHECK_FALSE(json.at("host").get<std::string>().empty());
}

TEST_CASE("mail is handed to the server, readable and with its headers", "[notify]") {
    config::Notify settings;
    std::string heard;
    {
        MailServer server(false);
        settings.smtp = {server.url(), "ferry@example.com", "a@example.com, b@example.com", "", {}};
        notify::Message message = kUnmounted;
        message.title = "NAS fehlt: Käse\r\nBcc: evil@example.com";
        const auto deliveries = Notifier{settings}.send(message);
        INFO((deliveries.at(0).failure ? deliveries.at(0).failure->text : ""));
        CHECK_FALSE(deliveries.at(0).failure);
        heard = server.heard;
    }
    CHECK_THAT(heard, Catch::Contains("MAIL FROM:<ferry@example.com>") && Catch::Contains("RCPT TO:<a@example.com>") &&
                          Catch::Contains("RCPT TO:<b@example.com>"));
    CHECK_THAT(heard,
               Catch::Contains("Date: Thu, 20 Nov 2025 12:00:00 +0000") && Catch::Contains("Subject: =?UTF-8?B?") && !Catch::Contains("\nBcc:"));
    CHECK_THAT(heard, Catch::Contains(notify::base64(kUnmounted.text).substr(0, 40)));
}

TEST_CASE("a refused mail is told as a failure", "[notify]") {
    config::Notify settings;
    MailServer server(true);
    settings.smtp = {server.url(), "ferry@example.com", "a@example.com", "", {}};
    const auto deliveries = Notifier{settings}.send(kUnmounted);
    REQUIRE(deliveries.at(0).failure);
    CHECK(deliveries[0].failure->code == "mail.refused");
}

TEST_CASE("a mail password is not sent in the clear", "[notify]") {
    config::Notify settings;
    MailServer server(false);  // offers no STARTTLS
    settings.smtp = {server.url(), "ferry@example.com", "a@example.com", "ferry", {true, "hunter2", "test"}};
    const auto deliveries = Notifier{settings}.send(kUnmounted);
    CHECK(deliveries.at(0).failure);
    CHECK_THAT(server.heard, !Catch::Contains("AUTH") && !Catch::Contains("MAIL FROM"));
}

TEST_CASE("a command gets the message in its environment and on its input, and not our secrets", "[notify]") {
    TempDir dir;
    const auto out = (dir / "said").string();
    config::Notify settings;
    settings.command = {"/bin/sh", "-c", "{ cat; env; } > " + out};
    ::setenv("ICLOUD_PASSWORD", "hunter2", 1);
    CHECK_FALSE(Notifier{settings}.send(kUnmounted).at(0).failure);
    ::unsetenv("ICLOUD_PASSWORD");
    const std::string said = read(out);
    CHECK_THAT(said, Catch::StartsWith(kUnmounted.text + "\n"));
    CHECK_THAT(said, Catch::Contains("MEDIAFERRY_TITLE=NAS not mounted\n") && Catch::Contains("MEDIAFERRY_SEVERITY=error\n") &&
                         Catch::Contains("MEDIAFERRY_CODE=nas.unmounted\n") && Catch::Contains("MEDIAFERRY_TEXT=" + kUnmounted.text + "\n") &&
                         !Catch::Contains("hunter2"));
}

TEST_CASE("a failing channel does not stop the others", "[notify]") {
    LoopbackServer server([](const Seen& seen) { return Answer{.status = seen.target == "/topic" ? 403 : 200}; });
    config::Notify settings;
    settings.ntfy_url = server.url() + "/topic";
    settings.webhook_url = "http://127.0.0.1:" + std::to_string(reserved_port()) + "/hook";
    settings.smtp = {"smtp://127.0.0.1:" + std::to_string(reserved_port()), "not an address", "a@example.com", "", {}};
    settings.command = {"/bin/false"};
    Notifier notifier{settings};
    CHECK(notifier.enabled());

    std::vector<std::string> codes;
    for (const auto& delivery : notifier.send(kUnmounted))
        codes.push_back(delivery.channel + " " + (delivery.failure ? delivery.failure->code : "ok"));

    CHECK(codes == std::vector<std::string>{"ntfy notify.refused", "webhook http.unreachable", "smtp mail.address", "command notify.command"});
    CHECK_FALSE(Notifier{config::Notify{}}.enabled());
    CHECK(Notifier{config::Notify{}}.send(kUnmounted).empty());
}

TEST_CASE("the watchdog hears success and failure", "[notify]") {
    LoopbackServer server([](const Seen&) { return Answer{}; });
    config::Notify settings;
    settings.healthchecks_url = server.url() + "/ping/uuid/";
    Notifier notifier{settings};
    notifier.heartbeat(true, "");
    notifier.heartbeat(false, "nas.unmounted");
    const auto seen = server.seen();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].method + " " + seen[0].target == "GET /ping/uuid/");
    CHECK(seen[1].method + " " + seen[1].target == "POST /ping/uuid/fail");
    CHECK(seen[1].body == "nas.unmounted");
    CHECK_FALSE(Notifier{config::Notify{}}.heartbeat(true, ""));
    CHECK(notify::failure_url("https://hc/ping/u?rid=1") == "https://hc/ping/u/fail?rid=1");
}

TEST_CASE("base64 of the published test values", "[notify]") {
    const auto [plain, packed] = GENERATE(table<std::string, std::string>(
        {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}}));
    CHECK(notify::base64(plain) == packed);
}
