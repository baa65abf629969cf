// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/http/easy.h"

#include <new>
#include <stdexcept>

#include "common/errors/errors.h"

namespace mediaferry::http {
namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
    std::string result = text;
    curl_free(text);
    return result;
}

const char* code_for(CURLcode result) {
    switch (result) {
        case CURLE_OPERATION_TIMEDOUT: return "http.timeout";
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_USE_SSL_FAILED:
        case CURLE_SSL_ENGINE_INITFAILED: return "http.tls";
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_PROXY: return "http.unreachable";
        default: return "http.broken";
    }
}

}  // namespace

Easy new_easy() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw std::runtime_error("libcurl does not start");
    Easy handle{curl_easy_init()};
    if (!handle) throw std::bad_alloc();
    return handle;
}

void append(List& list, const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
}

std::string host_of(const std::string& text) {
    const std::unique_ptr<CURLU, FreeUrl> url{curl_url()};
    if (!url || curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) return "(not a URL)";
    return part_of(url.get(), CURLUPART_SCHEME) + "://" + part_of(url.get(), CURLUPART_HOST) + ":" + part_of(url.get(), CURLUPART_PORT);
}

void throw_result(CURLcode result, const std::string& url, const ErrorText& details) {
    if (result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL) {
        throw BadInput{"http.url", "cannot use the address " + host_of(url) + ": " + curl_easy_strerror(result) + " (write http://… or https://…)"};
    }
    if (result == CURLE_OUT_OF_MEMORY) throw std::bad_alloc{};
    const std::string why = details[0] != '\0' ? details.data() : curl_easy_strerror(result);
    const std::string code = code_for(result);
    std::string text = "no answer from " + host_of(url) + ": " + why;
    if (code == "http.tls") text += "; check the clock, and the CA file if one is set";
    throw Unavailable{code, text};
}

}  // namespace mediaferry::http
