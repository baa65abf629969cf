// SPDX-License-Identifier: GPL-3.0-or-later
// The texts that other programs read: XMP and SHA256SUMS.
#include "common/archive_index/capsule.h"

namespace mediaferry::archive_index {

namespace {

constexpr std::string_view kToolkit = "x:xmptk=\"mediaferry\"";

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            default:
                // XML knows no other control characters, not even escaped ones.
                if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
        }
    }
    return out;
}

std::string in_default_language(std::string_view tag, std::string_view text) {
    if (text.empty()) return "";
    const std::string name{tag};
    return "   <" + name + "><rdf:Alt><rdf:li xml:lang=\"x-default\">" + escaped(text) + "</rdf:li></rdf:Alt></" + name + ">\n";
}

/// As sha256sum writes names; true: something was escaped, and the line says so.
bool escape_name(std::string_view name, std::string& out) {
    bool any = false;
    for (const char c : name) {
        const char* word = c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : nullptr;
        any = any || word;
        word ? out += word : out += c;
    }
    return any;
}

std::string unescaped(std::string_view name) {
    std::string out;
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name[at] != '\\' || at + 1 == name.size()) {
            out += name[at];
            continue;
        }
        const char c = name[++at];
        out += c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
    return out;
}

}  // namespace

std::string to_xmp(const CapsuleAsset& asset) {
    std::string albums;
    for (const auto& album : asset.albums) albums += "<rdf:li>" + escaped(album) + "</rdf:li>";
    std::string text = "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\" " +
                       std::string(kToolkit) +
                       ">\n <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  <rdf:Description rdf:about=\"\""
                       " xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\""
                       " xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\" xmlns:mediaferry=\"https://mediaferry.invalid/ns/1.0/\"";
    text += " photoshop:DateCreated=\"" + to_iso(asset.taken) + "\"";
    // 5 stars for a favourite: what icloudpd and digiKam write and read.
    if (asset.favourite) text += " xmp:Rating=\"5\"";
    text += " mediaferry:Record=\"" + escaped(asset.record) + "\" mediaferry:Library=\"" + escaped(asset.library) + "\"";
    for (const auto& file : asset.files)
        if (file.live_pair) {
            text += " mediaferry:LivePhoto=\"True\"";
            break;
        }
    text += ">\n" + in_default_language("dc:title", asset.title) + in_default_language("dc:description", asset.caption);
    if (!albums.empty()) text += "   <mediaferry:Albums><rdf:Bag>" + albums + "</rdf:Bag></mediaferry:Albums>\n";
    return text + "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>\n";
}

bool is_our_xmp(std::string_view text) { return text.substr(0, 400).find(kToolkit) != std::string_view::npos; }

std::string sums_text(const std::map<std::string, Sha256>& sums) {
    std::string text;
    for (const auto& [name, hash] : sums) {
        std::string shown;
        if (escape_name(name, shown)) text += '\\';
        text += to_hex(hash) + "  " + shown + "\n";
    }
    return text;
}

std::map<std::string, Sha256> sums_from_text(std::string_view text) {
    constexpr std::size_t hex = 64;
    std::map<std::string, Sha256> sums;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const bool is_escaped = line.starts_with('\\');
        if (is_escaped) line.remove_prefix(1);
        if (line.size() <= hex + 2 || line[hex] != ' ' || (line[hex + 1] != ' ' && line[hex + 1] != '*')) continue;
        const auto hash = sha256_from_hex(line.substr(0, hex));
        const auto name = line.substr(hex + 2);
        if (hash) sums[is_escaped ? unescaped(name) : std::string(name)] = *hash;
    }
    return sums;
}

}  // namespace mediaferry::archive_index
