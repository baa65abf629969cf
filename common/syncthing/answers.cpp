// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/syncthing/answers.h"

#include <cctype>
#include <nlohmann/json.hpp>

#include "common/errors/errors.h"

namespace mediaferry::syncthing {
namespace {

using Json = nlohmann::json;

/// Runs `read` over the parsed text; whatever does not fit becomes the one exception of this file.
template <class Read>
auto reading(std::string_view text, const char* what, Read&& read) {
    try {
        return read(Json::parse(text));
    } catch (const Json::exception& error) {
        throw Unavailable{"syncthing.nonsense", std::string("Syncthing's answer to ") + what + " has another shape than expected (" + error.what() +
                                                    "); is syncthing.api_url really Syncthing's address?"};
    } catch (const BadInput& error) {
        throw Unavailable{"syncthing.nonsense", std::string("Syncthing's answer to ") + what + ": " + error.what()};
    }
}

/// A list that Syncthing may give as null.
template <class Each>
void each(const Json& parent, const char* key, Each&& visit) {
    const auto& list = parent.at(key);
    if (list.is_null()) return;
    if (!list.is_array()) throw BadInput{"syncthing.nonsense", std::string(key) + " is no list"};
    for (const auto& one : list) visit(one);
}

const Json& list_of(const Json& json) {
    if (!json.is_array()) throw BadInput{"syncthing.nonsense", "no list"};
    return json;
}

/// An optional flag; there it must be a boolean.
bool flag(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->get<bool>();
}

std::string word(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found == json.end() ? "" : found->get<std::string>();
}

std::uint64_t amount(const Json& json) {
    if (!json.is_number_integer() || (!json.is_number_unsigned() && json.get<std::int64_t>() < 0))
        throw BadInput{"syncthing.nonsense", "a size that is no size"};
    return json.get<std::uint64_t>();
}

FileEntry entry(const Json& json) {
    FileEntry result;
    result.name = json.at("name").get<std::string>();
    if (!result.present()) return result;
    result.is_file = json.at("type").get<std::string>() == "FILE_INFO_TYPE_FILE";
    result.deleted = json.at("deleted").get<bool>();
    result.invalid = json.at("invalid").get<bool>();
    result.ignored = json.at("ignored").get<bool>();
    result.must_rescan = json.at("mustRescan").get<bool>();
    result.size = amount(json.at("size"));
    result.modified = moment_from_text(json.at("modified").get<std::string>());
    result.modified_by = json.at("modifiedBy").get<std::string>();
    std::vector<std::string> texts;
    each(json, "version", [&](const Json& one) { texts.push_back(one.get<std::string>()); });
    result.version = vector_from_texts(texts);
    return result;
}

}  // namespace

std::optional<Moment> moment_from_text(std::string_view text) {
    std::string whole{text};
    std::int64_t nanoseconds = 0;
    if (const auto dot = whole.find('.'); dot != std::string::npos) {
        auto end = dot + 1;
        while (end < whole.size() && std::isdigit(static_cast<unsigned char>(whole[end])) != 0) ++end;
        const auto digits = end - dot - 1;
        if (digits < 1 || digits > 9) return std::nullopt;
        for (std::size_t at = 0; at < 9; ++at) nanoseconds = nanoseconds * 10 + (at < digits ? whole[dot + 1 + at] - '0' : 0);
        whole.erase(dot, end - dot);
    }
    const auto seconds = from_iso(whole);
    if (!seconds) return std::nullopt;
    return Moment{*seconds, nanoseconds};
}

std::string to_text(const Moment& moment) {
    auto text = to_iso(moment.seconds);
    if (moment.nanoseconds == 0) return text;
    const auto digits = std::to_string(1'000'000'000 + moment.nanoseconds).substr(1);
    return text.insert(text.size() - 1, "." + digits);
}

FileAnswer file_answer(std::string_view text) {
    return reading(text, "db/file", [](const Json& json) {
        FileAnswer result;
        each(json, "availability", [&](const Json& one) {
            result.availability.push_back({one.at("id").get<std::string>(), one.at("fromTemporary").get<bool>()});
        });
        result.global = entry(json.at("global"));
        result.local = entry(json.at("local"));
        return result;
    });
}

std::vector<FolderConfig> folder_configs(std::string_view text) {
    return reading(text, "config/folders", [](const Json& json) {
        std::vector<FolderConfig> result;
        for (const auto& one : list_of(json)) {
            FolderConfig folder;
            folder.id = one.at("id").get<std::string>();
            folder.path = one.at("path").get<std::string>();
            folder.type = one.at("type").get<std::string>();
            folder.paused = one.at("paused").get<bool>();
            folder.ignore_delete = one.at("ignoreDelete").get<bool>();
            folder.ignore_permissions = flag(one, "ignorePerms");
            each(one, "devices", [&](const Json& device) {
                folder.devices.push_back(device.at("deviceID").get<std::string>());
                folder.encrypted = folder.encrypted || !word(device, "encryptionPassword").empty();
            });
            result.push_back(std::move(folder));
        }
        return result;
    });
}

std::vector<DeviceConfig> device_configs(std::string_view text) {
    return reading(text, "config/devices", [](const Json& json) {
        std::vector<DeviceConfig> result;
        for (const auto& one : list_of(json))
            result.push_back({one.at("deviceID").get<std::string>(), word(one, "name"), one.at("paused").get<bool>(), flag(one, "introducer"),
                              flag(one, "autoAcceptFolders"), flag(one, "untrusted")});
        return result;
    });
}

std::map<std::string, Connection> connections(std::string_view text) {
    return reading(text, "system/connections", [](const Json& json) {
        std::map<std::string, Connection> result;
        for (const auto& [id, one] : json.at("connections").items())
            result[id] = {one.at("connected").get<bool>(), one.at("paused").get<bool>(), word(one, "clientVersion")};
        return result;
    });
}

Completion completion(std::string_view text) {
    return reading(text, "db/completion", [](const Json& json) {
        return Completion{word(json, "remoteState"), json.at("sequence").get<std::int64_t>(), json.at("needItems").get<std::int64_t>()};
    });
}

FolderStatus folder_status(std::string_view text) {
    return reading(text, "db/status", [](const Json& json) {
        auto error = word(json, "error");
        if (error.empty()) error = word(json, "invalid");
        return FolderStatus{json.at("state").get<std::string>(), error, json.at("ignorePatterns").get<bool>()};
    });
}

ServerStatus server_status(std::string_view text) {
    return reading(text, "system/status", [](const Json& json) { return ServerStatus{json.at("myID").get<std::string>(), word(json, "tilde")}; });
}

std::vector<FileEntry> need_page(std::string_view text) {
    return reading(text, "db/need", [](const Json& json) {
        std::vector<FileEntry> result;
        for (const auto* part : {"progress", "queued", "rest"}) each(json, part, [&](const Json& one) { result.push_back(entry(one)); });
        return result;
    });
}

std::map<std::string, Timestamp> last_seen(std::string_view text) {
    return reading(text, "stats/device", [](const Json& json) {
        std::map<std::string, Timestamp> result;
        if (!json.is_object()) throw BadInput{"syncthing.nonsense", "no object"};
        for (const auto& [id, one] : json.items())
            if (const auto seen = from_iso(one.at("lastSeen").get<std::string>()); seen && *seen > Timestamp{}) result[id] = *seen;
        return result;
    });
}

}  // namespace mediaferry::syncthing
