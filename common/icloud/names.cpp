// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/icloud/names.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "common/files/files.h"

namespace mediaferry::icloud {
namespace {

struct Type {
    std::string_view uti, extension;
    MediaKind kind;
};
// icloudpd's own table (asset_version.py): both sides must call a type the same.
constexpr std::array<Type, 19> kTypes{{
    {"public.heic", "HEIC", MediaKind::photo},
    {"public.heif", "HEIF", MediaKind::photo},
    {"public.jpeg", "JPG", MediaKind::photo},
    {"public.png", "PNG", MediaKind::photo},
    {"com.compuserve.gif", "GIF", MediaKind::photo},
    {"org.webmproject.webp", "WEBP", MediaKind::photo},
    {"public.tiff", "TIFF", MediaKind::photo},
    {"com.adobe.raw-image", "DNG", MediaKind::raw},
    {"com.canon.cr2-raw-image", "CR2", MediaKind::raw},
    {"com.canon.cr3-raw-image", "CR3", MediaKind::raw},
    {"com.canon.crw-raw-image", "CRW", MediaKind::raw},
    {"com.fuji.raw-image", "RAF", MediaKind::raw},
    {"com.nikon.nrw-raw-image", "NRF", MediaKind::raw},
    {"com.nikon.raw-image", "NEF", MediaKind::raw},
    {"com.olympus.or-raw-image", "ORF", MediaKind::raw},
    {"com.olympus.raw-image", "ORF", MediaKind::raw},
    {"com.panasonic.rw2-raw-image", "RW2", MediaKind::raw},
    {"com.pentax.raw-image", "PEF", MediaKind::raw},
    {"com.sony.arw-raw-image", "ARW", MediaKind::raw},
}};
// Not in its table, and harmless: a movie keeps its own extension unless it has none.
constexpr std::array<Type, 9> kOthers{{
    {"com.apple.quicktime-movie", "MOV", MediaKind::video},
    {"public.mpeg-4", "MP4", MediaKind::video},
    {"com.apple.m4v-video", "M4V", MediaKind::video},
    {"public.avi", "AVI", MediaKind::video},
    {"public.3gpp", "3GP", MediaKind::video},
    {"public.mpeg", "MPG", MediaKind::video},
    {"public.movie", "MOV", MediaKind::video},
    {"public.video", "MOV", MediaKind::video},
    {"com.apple.photos.apple-adjustment-envelope", "AAE", MediaKind::sidecar},
}};

const Type* type_of(std::string_view uti) {
    for (const auto& type : kTypes)
        if (type.uti == uti) return &type;
    for (const auto& type : kOthers)
        if (type.uti == uti) return &type;
    return nullptr;
}

struct Parts {
    std::string stem, extension;  ///< without the dot
};
Parts split(std::string_view name) {
    const auto dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return {std::string(name), ""};
    return {std::string(name.substr(0, dot)), std::string(name.substr(dot + 1))};
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return out;
}

bool starts(std::string_view head, std::string_view with, std::size_t at = 0) {
    return head.size() >= at + with.size() && head.substr(at, with.size()) == with;
}

std::string_view without_blanks(std::string_view head) {
    if (starts(head, "\xEF\xBB\xBF")) head.remove_prefix(3);
    while (!head.empty() && std::isspace(static_cast<unsigned char>(head.front()))) head.remove_prefix(1);
    return head;
}

// ISO base media: the brand says whether it is a still or a movie.
MediaKind kind_of_brand(std::string_view brand) {
    static constexpr std::array<std::string_view, 10> stills{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis"};
    if (brand == "crx ") return MediaKind::raw;  // Canon CR3
    return std::find(stills.begin(), stills.end(), brand) != stills.end() ? MediaKind::photo : MediaKind::video;
}

MediaKind kind_of_name(std::string_view name) {
    const std::string extension = upper(split(name).extension);
    static constexpr std::array<std::string_view, 11> photos{"JPG", "JPEG", "HEIC", "HEIF", "PNG", "GIF", "WEBP", "TIF", "TIFF", "AVIF", "BMP"};
    static constexpr std::array<std::string_view, 16> raws{"DNG", "CR2", "CR3", "CRW", "RAF", "NRF", "NRW", "NEF",
                                                           "ORF", "RW2", "PEF", "ARW", "SR2", "SRW", "RAW", "3FR"};
    static constexpr std::array<std::string_view, 11> movies{"MOV", "MP4", "M4V", "AVI", "3GP", "MPG", "MPEG", "MTS", "M2TS", "MKV", "WEBM"};
    const auto in = [&](const auto& list) { return std::find(list.begin(), list.end(), extension) != list.end(); };
    if (in(photos)) return MediaKind::photo;
    if (in(raws)) return MediaKind::raw;
    if (in(movies)) return MediaKind::video;
    return extension == "AAE" || extension == "XMP" ? MediaKind::sidecar : MediaKind::other;
}

MediaKind kind_of_words(std::string_view file_type, std::string_view name) {
    const Type* type = type_of(file_type);
    if (type) return type->kind;
    if (file_type.find("raw-image") != std::string_view::npos) return MediaKind::raw;
    return kind_of_name(name);
}

}  // namespace

std::string extension_of(std::string_view file_type) {
    const Type* type = type_of(file_type);
    return type ? std::string(type->extension) : "";
}

std::string file_name(std::string_view asset_filename, ResourceKind kind, std::string_view file_type) {
    const Parts name = split(asset_filename);
    const auto with = [&](const std::string& stem, std::string extension) {
        if (extension.empty()) extension = name.extension;
        return files::safe_name(extension.empty() ? stem : stem + "." + extension);
    };
    switch (kind) {
        case ResourceKind::original: return name.extension.empty() ? with(name.stem, extension_of(file_type)) : files::safe_name(asset_filename);
        case ResourceKind::alternative: {
            const std::string extension = extension_of(file_type);
            // Of the same type as the original it would take its name.
            return upper(extension) == upper(name.extension) || extension.empty() ? with(name.stem + "-alternative", extension)
                                                                                  : with(name.stem, extension);
        }
        case ResourceKind::live_movie: return with(name.stem, "MOV");
        case ResourceKind::sidecar: return with(name.stem, "AAE");
        case ResourceKind::edited: return with(name.stem + "-adjusted", extension_of(file_type));
        case ResourceKind::edited_movie: return with(name.stem + "-adjusted", "MOV");
    }
    return files::safe_name(asset_filename);
}

bool looks_like_text(std::string_view head) {
    head = without_blanks(head);
    return starts(head, "<") || starts(head, "{") || starts(head, "[");
}

MediaKind kind_of(std::string_view head, std::string_view file_type, std::string_view name) {
    const MediaKind said = kind_of_words(file_type, name);
    // RAW files wear the coats of TIFF, JPEG and others; between photo and raw the type decides.
    const auto still = [&] { return said == MediaKind::raw ? MediaKind::raw : MediaKind::photo; };
    if (starts(head, "\xFF\xD8\xFF") || starts(head, "\x89PNG\r\n\x1A\n") || starts(head, "GIF8")) return MediaKind::photo;
    if (starts(head, "RIFF") && starts(head, "WEBP", 8)) return MediaKind::photo;
    if (starts(head, "RIFF") && starts(head, "AVI ", 8)) return MediaKind::video;
    if (starts(head, "FUJIFILMCCD-RAW") || starts(head, "IIRO") || starts(head, "IIRS") || starts(head, "MMOR") || starts(head, "IIU\0"))
        return MediaKind::raw;
    if (starts(head, std::string_view("II*\0", 4)) || starts(head, std::string_view("MM\0*", 4)))
        return starts(head, "CR", 8) ? MediaKind::raw : still();
    if (starts(head, std::string_view("II\x1A\0", 4))) return MediaKind::raw;  // CRW
    if (starts(head, "ftyp", 4)) return head.size() >= 12 ? kind_of_brand(head.substr(8, 4)) : said;
    if (starts(head, "moov", 4) || starts(head, "mdat", 4) || starts(head, "wide", 4) || starts(head, "free", 4) || starts(head, "skip", 4))
        return MediaKind::video;
    if (starts(head, std::string_view("\0\0\x01\xBA", 4)) || starts(head, std::string_view("\0\0\x01\xB3", 4)) || starts(head, "\x1A\x45\xDF\xA3"))
        return MediaKind::video;
    if (starts(head, "bplist00")) return said == MediaKind::sidecar ? MediaKind::sidecar : MediaKind::other;
    if (looks_like_text(head)) return said == MediaKind::sidecar ? MediaKind::sidecar : MediaKind::other;
    return said;
}

}  // namespace mediaferry::icloud
