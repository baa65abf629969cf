#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The syntax of one value: how it is read, how it is shown, and what to say when it is wrong.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/settings.h"

namespace mediaferry::config {

template <class T>
struct Syntax {
    std::function<std::optional<T>(const std::string&)> read;
    std::function<std::string(const T&)> write;
    std::string wrong;         ///< "is not a duration (write …)", said after the value
    bool bare = false;         ///< a number or boolean, in JSON
    bool quote_faulty = true;  ///< false: the value may hold a password, so a fault does not repeat it
};

namespace syntax {

Syntax<bool> flag();
Syntax<int> whole(int least, int most);
Syntax<double> number(double least, double most);
Syntax<int> percent();
Syntax<seconds> duration(seconds least, const std::string& such_as);
Syntax<Bytes> size(Bytes least, const std::string& such_as);
Syntax<std::string> any();
Syntax<std::string> filled(const std::string& write_what);
/// One of the words; a wrong one is told all of them.
Syntax<std::string> word(const std::vector<std::string>& words);
Syntax<std::string> checked(bool (*is_valid)(std::string_view), const std::string& wrong);
/// http or https; shown and told without a user and password in it.
Syntax<std::string> url();
/// A URL that lets in whoever knows it, or nothing; shown without its path.
Syntax<std::string> private_url();
/// Also socks4, socks5 and socks5h, or nothing.
Syntax<std::string> proxy();
Syntax<std::string> mail_server();
Syntax<fs::path> absolute_path();
Syntax<fs::path> absolute_path_or_none();
Syntax<fs::path> folder();
Syntax<FreePhone> free_phone();
Syntax<PixelProof> proof();
Syntax<MediaKind> media_kind();
Syntax<ICloudDelete::Approval> approval();
Syntax<Confine> confine();
Syntax<ArchiveAway> archive_away();
/// A path, or the address of a share.
Syntax<fs::path> archive_root();
Syntax<ShareEncryption> encryption();

}  // namespace syntax
}  // namespace mediaferry::config
