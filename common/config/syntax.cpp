// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/syntax.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "common/config/faults.h"
#include "common/config/values.h"

namespace mediaferry::config {

namespace {

constexpr std::array<std::pair<PixelProof, std::string_view>, 3> kProofs{
    {{PixelProof::delivered, "delivered"}, {PixelProof::dwelt, "dwelt"}, {PixelProof::freed, "freed"}}};

template <class T>
std::optional<T> whole_text(const std::string& text) {
    T value{};
    const auto* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    return error == std::errc{} && end == last ? std::optional{value} : std::nullopt;
}

std::string short_number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

std::string itself(const std::string& text) { return text; }

Syntax<std::string> optional_url(std::string_view schemes, const std::string& such_as) {
    Syntax<std::string> result;
    result.read = [schemes](const std::string& text) { return text.empty() || url_is_valid(text, schemes) ? std::optional{text} : std::nullopt; };
    result.write = [](const std::string& text) { return without_user(text); };
    result.wrong = "is not an address (write " + such_as + ", or \"\" for none)";
    result.quote_faulty = false;
    return result;
}

}  // namespace

std::string_view to_text(PixelProof proof) { return std::ranges::find(kProofs, proof, &std::pair<PixelProof, std::string_view>::first)->second; }

std::optional<PixelProof> pixel_proof_from_text(std::string_view text) {
    const auto* found = std::ranges::find(kProofs, text, &std::pair<PixelProof, std::string_view>::second);
    return found == kProofs.end() ? std::nullopt : std::optional{found->first};
}

namespace syntax {

Syntax<bool> flag() {
    return {[](const std::string& text) { return text == "true"    ? std::optional{true}
                                                 : text == "false" ? std::optional{false}
                                                                   : std::nullopt; },
            [](bool value) { return std::string{value ? "true" : "false"}; }, "is neither true nor false (write true or false)", true};
}

Syntax<int> whole(int least, int most) {
    return {[=](const std::string& text) {
                const auto value = whole_text<int>(text);
                return value && *value >= least && *value <= most ? value : std::nullopt;
            },
            [](int value) { return std::to_string(value); },
            "is not a whole number in range (write " + std::to_string(least) + " to " + std::to_string(most) + ")", true};
}

Syntax<double> number(double least, double most) {
    return {[=](const std::string& text) {
                const auto value = whole_text<double>(text);
                return value && *value >= least && *value <= most ? value : std::nullopt;
            },
            short_number, "is not a number in range (write " + short_number(least) + " to " + short_number(most) + ")", true};
}

Syntax<int> percent() {
    return {[](const std::string& text) -> std::optional<int> {
                if (text.size() < 2 || text.back() != '%') return std::nullopt;
                const auto value = whole_text<int>(text.substr(0, text.size() - 1));
                return value && *value >= 0 && *value <= 100 ? value : std::nullopt;
            },
            [](int value) { return std::to_string(value) + "%"; }, "is not a share (write a whole percentage, such as 10%)"};
}

Syntax<seconds> duration(seconds least, const std::string& such_as) {
    std::string wrong = "is not a duration";
    if (least > seconds{0}) wrong += " of " + duration_to_text(least) + " or more";
    return {[least](const std::string& text) {
                const auto value = duration_from_text(text);
                return value && *value >= least ? value : std::nullopt;
            },
            duration_to_text, wrong + " (write a number with its unit s, m, h, d or y, such as " + such_as + ")"};
}

Syntax<Bytes> size(Bytes least, const std::string& such_as) {
    return {[least](const std::string& text) {
                const auto value = bytes_from_text(text);
                return value && *value >= least ? value : std::nullopt;
            },
            size_to_text, "is not a size (write a number with its unit, such as " + such_as + ")"};
}

Syntax<std::string> any() {
    return {[](const std::string& text) { return std::optional{text}; }, itself, ""};
}

Syntax<std::string> filled(const std::string& write_what) {
    return {[](const std::string& text) { return text.empty() ? std::nullopt : std::optional{text}; }, itself, "is empty (write " + write_what + ")"};
}

Syntax<std::string> word(const std::vector<std::string>& words) {
    return {[words](const std::string& text) { return std::ranges::find(words, text) == words.end() ? std::nullopt : std::optional{text}; }, itself,
            "is not known here (write " + alternatives(words) + ")"};
}

Syntax<std::string> checked(bool (*is_valid)(std::string_view), const std::string& wrong) {
    return {[is_valid](const std::string& text) { return is_valid(text) ? std::optional{text} : std::nullopt; }, itself, wrong};
}

Syntax<std::string> url() {
    auto result = optional_url("http https", "");
    result.read = [](const std::string& text) { return url_is_valid(text, "http https") ? std::optional{text} : std::nullopt; };
    result.wrong = "is not an address (write http://host:port or https://host)";
    return result;
}

Syntax<std::string> private_url() {
    auto result = optional_url("http https", "https://host/path");
    result.write = [](const std::string& text) { return without_path(text); };
    return result;
}

Syntax<std::string> proxy() { return optional_url("http https socks4 socks5 socks5h", "http://host:port"); }

Syntax<std::string> mail_server() { return optional_url("smtp smtps", "smtps://host:465"); }

Syntax<fs::path> absolute_path() {
    return {[](const std::string& text) { return text.starts_with('/') ? std::optional{fs::path{text}} : std::nullopt; },
            [](const fs::path& path) { return path.string(); }, "is not absolute (write a path from the root on, such as /srv/media)"};
}

Syntax<fs::path> absolute_path_or_none() {
    auto result = absolute_path();
    result.read = [](const std::string& text) { return text.empty() || text.starts_with('/') ? std::optional{fs::path{text}} : std::nullopt; };
    result.wrong = "is not absolute (write a path from the root on, or \"\" for none)";
    return result;
}

Syntax<fs::path> folder() {
    auto result = absolute_path();
    result.read = [](const std::string& text) { return text.empty() ? std::nullopt : std::optional{fs::path{text}}; };
    result.wrong = "is empty (write a folder, relative to folders.root or absolute)";
    return result;
}

Syntax<FreePhone> free_phone() {
    return {[](const std::string& text) -> std::optional<FreePhone> {
                if (text == "never") return FreePhone{FreePhone::When::never, {}};
                if (text == "freed") return FreePhone{FreePhone::When::freed, {}};
                const auto age = duration_from_text(text);
                return age ? std::optional{FreePhone{FreePhone::When::age, *age}} : std::nullopt;
            },
            [](const FreePhone& free) -> std::string {
                if (free.when == FreePhone::When::age) return duration_to_text(free.age);
                return free.when == FreePhone::When::never ? "never" : "freed";
            },
            "is not known here (write never, freed or an age such as 14d)"};
}

Syntax<PixelProof> proof() {
    return {[](const std::string& text) { return pixel_proof_from_text(text); }, [](PixelProof p) { return std::string{to_text(p)}; },
            "is no proof level (write delivered, dwelt or freed)"};
}

Syntax<MediaKind> media_kind() {
    return {[](const std::string& text) { return media_kind_from_text(text); }, [](MediaKind kind) { return std::string{mediaferry::to_text(kind)}; },
            "is no kind of file (write photo, raw, video, sidecar or other)"};
}

Syntax<Confine> confine() {
    using enum Confine;
    return {[](const std::string& text) {
                return text == "required" ? std::optional{required}
                       : text == "wanted" ? std::optional{wanted}
                       : text == "off"    ? std::optional{off}
                                          : std::nullopt;
            },
            [](Confine c) {
                return std::string{c == required ? "required" : c == wanted ? "wanted" : "off"};
            },
            "is not known here (write required, wanted or off)"};
}

Syntax<ArchiveAway> archive_away() {
    return {[](const std::string& text) {
                return text == "wait" ? std::optional{ArchiveAway::wait} : text == "copy" ? std::optional{ArchiveAway::copy} : std::nullopt;
            },
            [](ArchiveAway what) { return std::string{what == ArchiveAway::wait ? "wait" : "copy"}; }, "is not known here (write wait or copy)"};
}

Syntax<fs::path> archive_root() {
    auto result = absolute_path();
    result.read = [](const std::string& text) { return text.starts_with('/') || share_address(text) ? std::optional{fs::path{text}} : std::nullopt; };
    result.quote_faulty = false;  // smb://user:password@server is what some write
    result.wrong = "is neither absolute nor a share (write a path such as /mnt/nas/photos, or smb://server/share/path without a user in it)";
    return result;
}

Syntax<ShareEncryption> encryption() {
    using enum ShareEncryption;
    return {[](const std::string& text) { return text == "wanted" ? std::optional{wanted} : text == "off" ? std::optional{off} : std::nullopt; },
            [](ShareEncryption e) { return std::string{e == wanted ? "wanted" : "off"}; }, "is not known here (write wanted or off)"};
}

Syntax<ICloudDelete::Approval> approval() {
    using enum ICloudDelete::Approval;
    return {[](const std::string& text) {
                const bool unasked = text == "automatic" || text == "auto";
                return text == "manual" ? std::optional{manual} : unasked ? std::optional{automatic} : std::nullopt;
            },
            [](ICloudDelete::Approval a) { return std::string{a == manual ? "manual" : "automatic"}; },
            "is not known here (write manual or automatic)"};
}

}  // namespace syntax
}  // namespace mediaferry::config
