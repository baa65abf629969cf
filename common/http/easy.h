#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// libcurl's handles with owners, and its results as this house's errors. For the .cpp files of this folder only.

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>

namespace mediaferry::http {

struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;
using ErrorText = std::array<char, CURL_ERROR_SIZE>;

/// A new handle; starts the library the first time.
Easy new_easy();
void append(List&, const std::string& line);
/// "https://host:443" of a URL, without the parts that may be secret.
std::string host_of(const std::string& url);
/// Throws the Unavailable that fits a transfer's result.
[[noreturn]] void throw_result(CURLcode, const std::string& url, const ErrorText&);

template <class Value>
void set(const Easy& handle, CURLoption option, Value value) {
    curl_easy_setopt(handle.get(), option, value);
}

}  // namespace mediaferry::http
