// SPDX-License-Identifier: GPL-3.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/failpoint/failpoint.h"
#include "common/icloud/answers.h"
#include "common/icloud/client_impl.h"
#include "common/log/log.h"

namespace mediaferry::icloud {
namespace {

// The signed URL holds a literal ${f}: any file name may stand there.
std::string ready_url(std::string url) {
    for (const std::string_view mark : {"${f}", "$%7Bf%7D", "$%7bf%7d"})
        for (auto at = url.find(mark); at != std::string::npos; at = url.find(mark)) url.replace(at, mark.size(), "file");
    if (url.compare(0, 8, "https://") != 0 || url.find_first_of(" \r\n\t") != std::string::npos)
        throw TransientError{"icloud.bad_answer", "iCloud gave no usable address for the file"};
    return url;
}

// "bytes 100-199/200" -> 100
std::optional<std::uint64_t> range_start(const std::string& content_range) {
    const auto digit = content_range.find_first_of("0123456789");
    if (content_range.compare(0, 5, "bytes") != 0 || digit == std::string::npos) return std::nullopt;
    try {
        return std::stoull(content_range.substr(digit));
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

[[noreturn]] void throw_download(const http::Response& response) {
    const std::string said = "HTTP " + std::to_string(response.status);
    if (response.status == 429 || response.status >= 500) throw Busy{"iCloud's file server is busy (" + said + ")", wait_asked_for(response)};
    if (response.status == 416) throw TransientError{"icloud.range", "iCloud has nothing after what is here already (" + said + ")"};
    if (response.status == 401 || response.status == 403 || response.status == 404 || response.status == 410)
        throw TransientError{"icloud.url_expired", "the file's address has expired (" + said + "); it is asked for again"};
    throw TransientError{"icloud.refused", "iCloud's file server refused the file (" + said + ")"};
}

std::uint64_t size_of(const fs::path& file) {
    boost::system::error_code error;
    const auto size = fs::file_size(file, error);
    return error ? 0 : size;
}

void write_all(int fd, std::string_view bytes, const fs::path& file) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) files::throw_errno(errno, "writing", file.string());
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

// Appends from where the file ends. False: the server sent the file from its beginning instead, and what lies here now is of no use.
bool append(Client& client, const Resource& resource, const fs::path& part, const std::function<void(Bytes)>& progress) {
    files::Descriptor file{::open(part.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file) files::throw_errno(errno, "opening", part.string());
    const std::uint64_t offset = size_of(part);
    std::uint64_t received = 0;
    const std::uint64_t most = resource.size.count;  // a server that sends more is not sending this file
    const std::uint64_t began = client.download(resource.url, offset, [&](std::string_view piece) {
        received += piece.size();
        if (received > most) return false;
        write_all(file.get(), piece, part);
        if (progress) progress(Bytes{piece.size()});
        return true;
    });
    if (MF_AROUND("icloud.fetch.fsync", ::fsync(file.get())) != 0) files::throw_errno(errno, "syncing", part.string());
    file.close_checked(part.string());
    return began == offset;
}

}  // namespace

std::uint64_t Client::download(const std::string& url, std::uint64_t offset, const http::Sink& sink) {
    http::Request request;
    request.url = ready_url(url);
    request.headers = {{"Origin", impl_->hosts.origin}, {"Referer", impl_->hosts.origin + "/"}, {"Accept", "*/*"}};
    if (offset > 0) request.headers.emplace_back("Range", "bytes=" + std::to_string(offset) + "-");
    request.timeout = std::chrono::seconds{0};  // `stall` ends it: a large film takes its time
    impl_->check_stop();
    bool stopped = false;
    http::Response response;
    try {
        response = impl_->http.download(request, [&](std::string_view piece) {
            stopped = impl_->stop && impl_->stop();
            return !stopped && sink(piece);
        });
    } catch (const Interrupted&) {
        if (stopped) throw Interrupted{"icloud.stopped", "asked to stop while downloading"};
        throw;
    }
    if (response.status == 200) return 0;
    if (response.status != 206) throw_download(response);
    return range_start(response.header("Content-Range")).value_or(offset);
}

files::Digests Client::fetch(const Resource& resource, const fs::path& part, const std::function<void(Bytes)>& progress) {
    // Bytes of an earlier attempt may be anything; if the whole does not fit them, one clean attempt follows.
    for (const bool clean : {false, true}) {
        boost::system::error_code ignored;
        if (clean || size_of(part) > resource.size.count) MF_AROUND("icloud.fetch.drop_part", fs::remove(part, ignored));
        const std::uint64_t before = size_of(part);
        if (before < resource.size.count || resource.size.count == 0) {
            bool whole = false;
            try {
                whole = append(*this, resource, part, progress);
            } catch (const Interrupted& failure) {
                if (failure.code() != "http.stopped") throw;  // http.stopped: by us, at more bytes than the file has
            } catch (const TransientError& failure) {
                if (failure.code() != "icloud.range" || before == 0) throw;
            }
            if (!whole && before > 0) continue;
        }
        const files::Digests found = files::digest_file(part);
        if (found.apple_checksum == resource.checksum && found.size == resource.size) return found;
        if (before == 0) break;
        log::warning("earlier part of a download was damaged, fetching it anew", {{"BYTES", before}});
    }
    boost::system::error_code ignored;
    fs::remove(part, ignored);
    throw TransientError{"icloud.mismatch",
                         "the downloaded file is not what iCloud lists (size or checksum differ); it was thrown away and is fetched again later"};
}

}  // namespace mediaferry::icloud
