// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/http/http.h"

#include <algorithm>
#include <exception>

#include "common/errors/errors.h"
#include "common/http/easy.h"

namespace mediaferry::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool has_line_break(std::string_view text) { return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos; }

/// The request's headers as libcurl wants them, without those it would add by itself.
List header_list(const Request& request) {
    List list;
    bool has_type = false;
    for (const auto& [name, value] : request.headers) {
        if (has_line_break(name) || has_line_break(value)) throw BadInput{"http.header", "the header " + name.substr(0, 40) + " holds a line break"};
        has_type = has_type || same_name(name, "Content-Type");
        append(list, value.empty() ? name + ";" : name + ": " + value);
    }
    append(list, "Expect:");  // no 100-continue: a second of waiting where a server does not know it
    if (!has_type) append(list, "Content-Type:");
    return list;
}

/// One transfer as the callbacks see it. An exception must not cross libcurl: it is kept and thrown after.
struct Transfer {
    CURL* handle;
    const Request& request;
    const Sink* sink;
    Response response = {};
    std::uint64_t received = 0;
    bool stopped = false;
    bool too_large = false;
    std::exception_ptr thrown = nullptr;

    bool take_body(std::string_view piece) {
        received += piece.size();
        long status = 0;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
        if (sink != nullptr && (status == 200 || status == 206)) {
            stopped = !(*sink)(piece);
            return !stopped;
        }
        too_large = response.body.size() + piece.size() > request.max_body;
        if (!too_large) response.body += piece;
        return !too_large;
    }

    void take_header(std::string_view line) {
        // A status line begins a new answer: what came before belonged to a 1xx one.
        if (line.starts_with("HTTP/")) return response.headers.clear();
        const auto colon = line.find(':');
        if (colon != std::string_view::npos) response.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }

    template <class Work>
    bool guarded(Work work) {
        try {
            return work();
        } catch (...) {
            thrown = std::current_exception();
            return false;
        }
    }
};

std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* transfer) {
    auto& self = *static_cast<Transfer*>(transfer);
    return self.guarded([&] { return self.take_body({bytes, size}); }) ? size : CURL_WRITEFUNC_ERROR;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* transfer) {
    auto& self = *static_cast<Transfer*>(transfer);
    const auto take = [&] {
        self.take_header({bytes, size});
        return true;
    };
    return self.guarded(take) ? size : 0;
}

int on_progress(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto& self = *static_cast<Transfer*>(transfer);
    const auto go_on = [&] {
        self.stopped = self.request.stop && self.request.stop();
        return !self.stopped;
    };
    return self.guarded(go_on) ? 0 : 1;
}

/// The connection was kept from an earlier request and the server had closed it meanwhile.
bool was_stale(CURLcode result, const Easy& handle, const Transfer& transfer) {
    if (result != CURLE_GOT_NOTHING && result != CURLE_RECV_ERROR && result != CURLE_SEND_ERROR) return false;
    long connections = 1;
    curl_easy_getinfo(handle.get(), CURLINFO_NUM_CONNECTS, &connections);
    return connections == 0 && transfer.received == 0 && transfer.response.headers.empty();
}

}  // namespace

struct Client::Impl {
    Route route;
    Easy handle = new_easy();
    ErrorText details{};

    explicit Impl(Route the_route) : route(std::move(the_route)) {}

    Response perform(const Request& request, const Sink* sink) {
        const List headers = header_list(request);
        CURLcode result = CURLE_OK;
        for (const bool fresh : {false, true}) {
            Transfer transfer{.handle = handle.get(), .request = request, .sink = sink};
            prepare(request, headers, transfer, fresh);
            result = curl_easy_perform(handle.get());
            if (transfer.thrown) std::rethrow_exception(transfer.thrown);
            if (transfer.stopped) throw Interrupted{"http.stopped", "asked to stop while talking to " + host_of(request.url)};
            if (transfer.too_large) {
                throw Unavailable{"http.too_large", host_of(request.url) + " answered with more than " + std::to_string(request.max_body) + " bytes"};
            }
            if (result == CURLE_OK) {
                long status = 0;
                curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
                transfer.response.status = static_cast<int>(status);
                return std::move(transfer.response);
            }
            if (request.method != "GET" || !was_stale(result, handle, transfer)) break;
        }
        throw_result(result, request.url, details);
    }

    void prepare(const Request& request, const List& headers, Transfer& transfer, bool fresh) {
        curl_easy_reset(handle.get());  // options only; connections and TLS sessions are kept
        details[0] = '\0';
        set(handle, CURLOPT_ERRORBUFFER, details.data());
        set(handle, CURLOPT_URL, request.url.c_str());
        set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
        set(handle, CURLOPT_FOLLOWLOCATION, 0L);
        set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(handle, CURLOPT_NOSIGNAL, 1L);
        set(handle, CURLOPT_FRESH_CONNECT, fresh || request.once ? 1L : 0L);
        set(handle, CURLOPT_MAXAGE_CONN, 45L);
        set(handle, CURLOPT_USERAGENT, route.user_agent.c_str());
        set(handle, CURLOPT_HTTPHEADER, headers.get());
        set_method(request, transfer.sink != nullptr);
        set_route();
        set_limits(request);
        set(handle, CURLOPT_WRITEFUNCTION, &on_body);
        set(handle, CURLOPT_WRITEDATA, &transfer);
        set(handle, CURLOPT_HEADERFUNCTION, &on_header);
        set(handle, CURLOPT_HEADERDATA, &transfer);
        set(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
        set(handle, CURLOPT_XFERINFODATA, &transfer);
        set(handle, CURLOPT_NOPROGRESS, request.stop ? 0L : 1L);
    }

    void set_method(const Request& request, bool downloads) {
        // A download is hashed and counted as it lies at the server: nobody may pack it on the way.
        if (!downloads) set(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
        if (request.method == "HEAD") {
            set(handle, CURLOPT_NOBODY, 1L);
        } else if (request.method != "GET" || !request.body.empty()) {
            if (request.method != "DELETE" || !request.body.empty()) {
                set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
                set(handle, CURLOPT_POSTFIELDS, request.body.data());
            }
            set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
    }

    void set_route() {
        // Both set even when empty: unset, libcurl reads the environment's proxy variables.
        set(handle, CURLOPT_PROXY, route.proxy.c_str());
        set(handle, CURLOPT_NOPROXY, "");
        set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        if (!route.ca_file.empty()) {
            set(handle, CURLOPT_CAINFO, route.ca_file.c_str());
            set(handle, CURLOPT_CAPATH, nullptr);  // Debian builds it in: the system's authorities would still be trusted
        }
    }

    void set_limits(const Request& request) {
        set(handle, CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.connect_timeout.count()));
        set(handle, CURLOPT_TIMEOUT, static_cast<long>(request.timeout.count()));
        set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
        set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall.count()));
    }
};

std::string Response::header(std::string_view name) const {
    for (const auto& [have, value] : headers) {
        if (same_name(have, name)) return value;
    }
    return {};
}

Client::Client(Route route) : impl_(std::make_unique<Impl>(std::move(route))) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

Response Client::send(const Request& request) { return impl_->perform(request, nullptr); }
Response Client::download(const Request& request, const Sink& sink) { return impl_->perform(request, &sink); }

std::string encode(std::string_view text) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string encoded;
    for (const char c : text) {
        if (kPlain.find(c) != std::string_view::npos) {
            encoded += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return encoded;
}

}  // namespace mediaferry::http
