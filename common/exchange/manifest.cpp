// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/exchange/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "common/archive/naming.h"
#include "common/errors/errors.h"
#include "common/files/files.h"

namespace mediaferry::exchange {

namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kLongestLine = 1 << 20, kMostAlbums = 1000, kMostFilesOfAPhoto = 100, kLongestText = 500;
constexpr std::uint64_t kLargestFile = 1ULL << 50;

/// Foreign text in a message: short, and on one line.
std::string shown(std::string_view text) {
    std::string result = "'";
    for (const char c : text.substr(0, 80)) result += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
    return result + (text.size() > 80 ? "…'" : "'");
}

/// One line, and how to refuse it.
class Line {
public:
    Line(std::string_view text, std::size_t number) : number_(number) {
        if (text.size() > kLongestLine) refuse("exchange.manifest", "is longer than a photo can need");
        json_ = Json::parse(text, nullptr, false);
        if (!json_.is_object()) refuse("exchange.manifest", "is no JSON object");
    }
    Line(Json json, std::size_t number) : json_(std::move(json)), number_(number) {
        if (!json_.is_object()) refuse("exchange.manifest", "has a file that is no object");
    }

    [[noreturn]] void refuse(const char* code, const std::string& why) const {
        throw BadInput(code, std::string(kManifestName) + ": line " + std::to_string(number_) + " " + why + "; nothing of this list is taken");
    }
    std::string text(const char* key, std::size_t longest = kLongestText) const {
        const auto& value = at(key);
        if (!value.is_string() || value.get_ref<const std::string&>().size() > longest) wrong(key);
        return value.get<std::string>();
    }
    /// A name for people: it must stay on one line.
    std::string words(const char* key) const {
        auto value = text(key);
        if (value.empty() || std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20; })) wrong(key);
        return value;
    }
    std::uint64_t count(const char* key, std::uint64_t most) const {
        const auto& value = at(key);
        if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) wrong(key);
        return value.get<std::uint64_t>();
    }
    bool flag(const char* key) const {
        const auto& value = at(key);
        if (!value.is_boolean()) wrong(key);
        return value.get<bool>();
    }
    Timestamp time(const char* key) const {
        const auto found = from_iso(text(key, 40));
        if (!found) wrong(key);
        return *found;
    }
    Sha256 hash(const char* key) const {
        const auto found = sha256_from_hex(text(key, 64));
        if (!found) wrong(key);
        return *found;
    }
    const Json& list(const char* key, std::size_t most) const {
        const auto& value = at(key);
        if (!value.is_array() || value.size() > most) wrong(key);
        return value;
    }
    bool has(const char* key) const { return json_.contains(key); }
    [[noreturn]] void wrong(const char* key) const { refuse("exchange.manifest", std::string("has no usable \"") + key + "\""); }
    std::size_t number() const { return number_; }

private:
    const Json& at(const char* key) const {
        const auto found = json_.find(key);
        if (found == json_.end()) wrong(key);
        return *found;
    }

    Json json_;
    std::size_t number_;
};

/// Takes the lines off a text.
class Lines {
public:
    explicit Lines(std::string_view text) : rest_(text) {}
    bool over() const { return rest_.empty(); }
    std::string_view next() {
        ++number_;
        const auto end = rest_.find('\n');
        const auto line = rest_.substr(0, end);
        taken_ += end == std::string_view::npos ? rest_.size() : end + 1;
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        return line;
    }
    std::size_t number() const { return number_; }
    std::size_t taken() const { return taken_; }  ///< bytes

private:
    std::string_view rest_;
    std::size_t number_ = 0, taken_ = 0;
};

OfferedFile file_in(const Line& line, std::unordered_set<std::string>& paths) {
    OfferedFile file;
    file.path = line.text("path", 1 << 16);
    if (!is_plain_path(file.path) || file.path == kManifestName)
        line.refuse("exchange.path", "names " + shown(file.path) + ", which is no path of a file inside the folder");
    // As a case-insensitive disk compares them: there two such names are one file.
    if (!paths.insert(archive::folded(file.path)).second) line.refuse("exchange.path", "names " + shown(file.path) + " a second time");
    file.filename = line.text("filename", 1 << 16);
    if (!is_plain_name(file.filename)) line.refuse("exchange.path", "has the file name " + shown(file.filename) + ", which is none");
    const auto resource = resource_kind_from_text(line.text("resource"));
    const auto kind = media_kind_from_text(line.text("kind"));
    if (!resource) line.wrong("resource");
    if (!kind) line.wrong("kind");
    file.resource = *resource;
    file.kind = *kind;
    file.sha256 = line.hash("sha256");
    file.size = {line.count("size", kLargestFile)};
    if (file.size.count == 0) line.wrong("size");
    return file;
}

OfferedPhoto photo_in(const Line& line, std::unordered_set<std::string>& paths) {
    OfferedPhoto offered;
    auto& photo = offered.photo;
    photo.archive = line.words("archive");
    photo.record = line.words("record");
    photo.filename = line.words("filename");
    photo.taken = line.time("taken");
    photo.added = line.time("added");
    photo.favourite = line.flag("favourite");
    photo.hidden = line.flag("hidden");
    photo.live_pair = line.flag("live_pair");
    for (const auto& album : line.list("albums", kMostAlbums)) {
        if (!album.is_string() || album.get_ref<const std::string&>().empty() || album.get_ref<const std::string&>().size() > kLongestText)
            line.wrong("albums");
        photo.albums.push_back(album.get<std::string>());
    }
    for (const auto& file : line.list("files", kMostFilesOfAPhoto)) offered.files.push_back(file_in(Line{file, line.number()}, paths));
    if (offered.files.empty()) line.wrong("files");
    return offered;
}

Json to_json(const OfferedFile& file) {
    return {{"path", file.path},          {"filename", file.filename}, {"resource", to_text(file.resource)},
            {"kind", to_text(file.kind)}, {"size", file.size.count},   {"sha256", to_hex(file.sha256)}};
}

Json to_json(const OfferedPhoto& offered) {
    const auto& photo = offered.photo;
    Json files = Json::array();
    for (const auto& file : offered.files) files.push_back(to_json(file));
    return {{"archive", photo.archive},     {"record", photo.record},
            {"filename", photo.filename},   {"taken", to_iso(photo.taken)},
            {"added", to_iso(photo.added)}, {"favourite", photo.favourite},
            {"hidden", photo.hidden},       {"live_pair", photo.live_pair},
            {"albums", photo.albums},       {"files", files}};
}

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

std::size_t Manifest::files() const {
    std::size_t count = 0;
    for (const auto& photo : photos) count += photo.files.size();
    return count;
}

Bytes Manifest::bytes() const {
    Bytes sum;
    for (const auto& photo : photos)
        for (const auto& file : photo.files) sum += file.size;
    return sum;
}

Manifest parse_manifest(std::string_view text) {
    Lines lines{text};
    const Line head{lines.next(), lines.number()};
    if (head.count("mediaferry_exchange", 1'000'000) != kVersion)
        head.refuse("exchange.manifest", "says that another version of mediaferry wrote it; both houses need the same");
    Manifest manifest;
    manifest.list = head.text("list");
    if (!is_list_id(manifest.list)) head.wrong("list");
    manifest.archive = head.words("archive");
    manifest.made = head.time("made");
    const auto photos = head.count("photos", UINT64_MAX), files = head.count("files", UINT64_MAX);
    if (files > kMostFiles || photos > files)
        head.refuse("exchange.too_many", "promises " + std::to_string(files) + " files; one list holds " + std::to_string(kMostFiles) + " at most");

    std::unordered_set<std::string> paths;
    while (!lines.over()) {
        const auto before = lines.taken();
        const Line line{lines.next(), lines.number()};
        if (line.has("end")) {
            if (line.hash("end") != files::digest_bytes(text.substr(0, before)).sha256)
                line.refuse("exchange.manifest", "does not fit what is before it: the manifest was changed or damaged");
            if (!lines.over()) line.refuse("exchange.manifest", "is the last one, and more follows");
            if (manifest.photos.size() != photos || manifest.files() != files)
                line.refuse("exchange.manifest", "ends a list of another length than its first line says");
            return manifest;
        }
        manifest.photos.push_back(photo_in(line, paths));
        if (paths.size() > files) line.refuse("exchange.too_many", "brings more files than the first line says");
    }
    throw BadInput("exchange.manifest", std::string(kManifestName) + " is cut short: its last line is missing; nothing of this list is taken");
}

std::string to_text(const Manifest& manifest) {
    std::string text = line_of({{"mediaferry_exchange", kVersion},
                                {"list", manifest.list},
                                {"archive", manifest.archive},
                                {"made", to_iso(manifest.made)},
                                {"photos", manifest.photos.size()},
                                {"files", manifest.files()}});
    for (const auto& photo : manifest.photos) text += line_of(to_json(photo));
    return text + line_of({{"end", to_hex(files::digest_bytes(text).sha256)}});
}

}  // namespace mediaferry::exchange
