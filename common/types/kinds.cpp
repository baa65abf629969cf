// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/types/kinds.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mediaferry {
namespace {

template <class Word>
using Words = std::pair<Word, std::string_view>;

constexpr std::array<Words<ResourceKind>, 6> kResources{{{ResourceKind::original, "original"},
                                                         {ResourceKind::alternative, "alternative"},
                                                         {ResourceKind::live_movie, "live_movie"},
                                                         {ResourceKind::sidecar, "sidecar"},
                                                         {ResourceKind::edited, "edited"},
                                                         {ResourceKind::edited_movie, "edited_movie"}}};
constexpr std::array<Words<MediaKind>, 5> kMedia{{{MediaKind::photo, "photo"},
                                                  {MediaKind::raw, "raw"},
                                                  {MediaKind::video, "video"},
                                                  {MediaKind::sidecar, "sidecar"},
                                                  {MediaKind::other, "other"}}};
constexpr std::array<Words<Place>, 4> kPlaces{{{Place::local, "local"}, {Place::pixel, "pixel"}, {Place::nas, "nas"}, {Place::library, "library"}}};

template <class Table, class Word>
std::string_view word_of(const Table& table, Word word) {
    return std::ranges::find(table, word, &Table::value_type::first)->second;
}

template <class Table>
auto from_word(const Table& table, std::string_view text) -> std::optional<decltype(table[0].first)> {
    const auto found = std::ranges::find(table, text, &Table::value_type::second);
    if (found == table.end()) return std::nullopt;
    return found->first;
}

}  // namespace

std::string_view to_text(ResourceKind kind) { return word_of(kResources, kind); }
std::string_view to_text(MediaKind kind) { return word_of(kMedia, kind); }
std::string_view to_text(Place place) { return word_of(kPlaces, place); }
std::optional<ResourceKind> resource_kind_from_text(std::string_view text) { return from_word(kResources, text); }
std::optional<MediaKind> media_kind_from_text(std::string_view text) { return from_word(kMedia, text); }
std::optional<Place> place_from_text(std::string_view text) { return from_word(kPlaces, text); }

}  // namespace mediaferry
