#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// A list's files as they lie in a folder that others wrote: reached through a descriptor, over no symbolic link.

#include <optional>
#include <string>

#include "common/archive/archive.h"
#include "common/exchange/exchange.h"

namespace mediaferry::exchange {

struct ListFolder {
    fs::path path;
    files::Tree tree;
};

/// directory/LIST, or the directory itself when the manifest lies in it. Throws BadInput ("exchange.no_manifest").
ListFolder open_list_folder(const std::string& list, const fs::path& directory);
/// Throws BadInput ("exchange.other_list") when it is another one's, and what parse_manifest() throws.
Manifest read_manifest(const ListFolder&, const std::string& list);
/// Why a file is not what the manifest says; "": it is.
std::string fault_of(const files::Tree&, const OfferedFile&, const std::function<bool()>& stop);

/// Reads files of this house again, at home or on the NAS.
class ItemReader {
public:
    explicit ItemReader(const House& house) : house_(house) {}
    /// Empty code: its content is here and good.
    Reason fault(MediaId, const Sha256&);

private:
    const House& house_;
    std::optional<archive::Archive> archive_;
};

/// Ends an import that did not come to its end: what it placed is taken away.
void give_up(const House&, const std::string& operation, const std::string& why);

}  // namespace mediaferry::exchange
