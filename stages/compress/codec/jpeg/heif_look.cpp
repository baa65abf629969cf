// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/codec/jpeg/heif_look.h"

#include <algorithm>
#include <map>
#include <set>

#include "stages/compress/codec/jpeg/bounded.h"

namespace mediaferry::stages {
namespace {

constexpr std::size_t kMostHeifItems = 4096;

struct HeifBox {
    std::string_view type, body;
};

/// The boxes side by side in `bytes`. One that leads outside ends the list.
std::vector<HeifBox> heif_boxes(std::string_view bytes, bool& cut) {
    std::vector<HeifBox> found;
    const Bounded in{bytes};
    for (std::uint64_t at = 0; at < bytes.size() && found.size() < kMostHeifItems;) {
        const auto size = in.quad(at);
        const auto type = in.part(at + 4, 4);
        std::uint64_t header = 8, length = size.value_or(0);
        if (length == 1) {
            header = 16;
            length = in.number(at + 8, 8).value_or(0);
        } else if (size && length == 0) {
            length = bytes.size() - at;
        }
        const auto body = length >= header ? in.part(at + header, length - header) : std::nullopt;
        if (!type || !body) {
            cut = true;
            break;
        }
        found.push_back({*type, *body});
        at += length;
    }
    return found;
}

std::string_view heif_body(const std::vector<HeifBox>& boxes, std::string_view type) {
    const auto found = std::ranges::find(boxes, type, &HeifBox::type);
    return found == boxes.end() ? std::string_view{} : found->body;
}

/// Behind version and flags.
std::string_view behind_flags(std::string_view body) { return body.size() < 4 ? std::string_view{} : body.substr(4); }
int heif_version(std::string_view body) { return body.empty() ? 0 : static_cast<std::uint8_t>(body[0]); }

bool has_brand(std::string_view ftyp, std::string_view brand) {
    for (std::size_t at = 0; at + 4 <= ftyp.size(); at += 4)
        if (at != 4 && ftyp.substr(at, 4) == brand) return true;  // at 4 lies the minor version
    return false;
}

struct HeifItem {
    std::string type;
    bool hidden = false;
    std::vector<std::size_t> properties;  ///< indexes into ipco, from 1
};

class HeifMeta {
public:
    HeifMeta(std::string_view meta, HeifFacts& facts) : facts_(facts) {
        const auto boxes = heif_boxes(behind_flags(meta), facts_.cut);
        const auto pitm = heif_body(boxes, "pitm");
        primary_ = static_cast<std::uint32_t>(Bounded{behind_flags(pitm)}.number(0, heif_version(pitm) == 0 ? 2 : 4).value_or(0));
        list_items(heif_body(boxes, "iinf"));
        const auto iprp = heif_boxes(heif_body(boxes, "iprp"), facts_.cut);
        properties_ = heif_boxes(heif_body(iprp, "ipco"), facts_.cut);
        for (const auto& box : iprp)
            if (box.type == "ipma") associate(box.body);
        references(heif_body(boxes, "iref"));
    }

    void tell() {
        const auto primary = items_.find(primary_);
        if (primary == items_.end()) {
            facts_.cut = true;
            return;
        }
        describe(primary->second);
        std::size_t shown = 0;
        for (const auto& [id, item] : items_) {
            if (item.type == "tmap") add("a gain map");
            const bool picture = item.type == "hvc1" || item.type == "av01" || item.type == "grid" || item.type == "iovl" || item.type == "iden" ||
                                 item.type == "avc1" || item.type == "jpeg" || item.type == "vvc1" || item.type == "unci" || item.type == "j2k1";
            if (!picture && item.type != "Exif" && item.type != "mime" && item.type != "tmap" && item.type != "uri ") add("data of an unknown kind");
            if (picture && !thumbs_.contains(id) && !parts_.contains(id) && !auxiliary_.contains(id) && !item.hidden) ++shown;
            if (auxiliary_.contains(id)) add(auxiliary_name(item));
            const auto depth = depth_of(item);
            if (id != primary_ && !parts_.contains(id)) continue;
            facts_.depth = std::max(facts_.depth, depth);
            each_property(item, [&](const HeifBox& box) {
                if (box.type == "hvcC" && (Bounded{box.body}.number(16, 1).value_or(0) & 3) > 1) facts_.full_chroma = true;
            });
        }
        if (shown > 1) add("several pictures");
    }

private:
    void add(const std::string& what) {
        if (std::ranges::find(facts_.further, what) == facts_.further.end()) facts_.further.push_back(what);
    }

    void list_items(std::string_view iinf) {
        const auto skip = heif_version(iinf) == 0 ? 2U : 4U;
        const auto body = behind_flags(iinf);
        if (body.size() < skip) return;
        for (const auto& box : heif_boxes(body.substr(skip), facts_.cut)) {
            const int version = heif_version(box.body);
            if (box.type != "infe" || version < 2) continue;
            const Bounded in{behind_flags(box.body)};
            const unsigned size = version == 2 ? 2 : 4;
            const auto id = in.number(0, size);
            const auto type = in.part(size + 2, 4);
            if (!id || !type || items_.size() >= kMostHeifItems) continue;
            items_[static_cast<std::uint32_t>(*id)] = {std::string{*type}, (box.body[3] & 1) != 0, {}};
        }
    }

    void associate(std::string_view ipma) {
        const Bounded in{ipma};
        const bool wide = ipma.size() > 3 && (ipma[3] & 1) != 0;
        const unsigned size = heif_version(ipma) < 1 ? 2 : 4;
        auto count = in.quad(4).value_or(0);
        std::uint64_t at = 8;
        for (; count > 0; --count) {
            const auto id = in.number(at, size);
            const auto entries = in.number(at + size, 1);
            if (!id || !entries) return;
            at += size + 1;
            const auto item = items_.find(static_cast<std::uint32_t>(*id));
            for (std::uint64_t i = 0; i < *entries; ++i, at += wide ? 2 : 1) {
                const auto index = in.number(at, wide ? 2 : 1);
                if (!index) return;
                if (item != items_.end() && item->second.properties.size() < 256)
                    item->second.properties.push_back(static_cast<std::size_t>(*index & (wide ? 0x7FFF : 0x7F)));
            }
        }
    }

    void references(std::string_view iref) {
        const unsigned size = heif_version(iref) == 0 ? 2 : 4;
        for (const auto& box : heif_boxes(behind_flags(iref), facts_.cut)) {
            const Bounded in{box.body};
            const auto from = in.number(0, size);
            const auto count = in.word(size);
            if (!from || !count) continue;
            if (box.type == "thmb") thumbs_.insert(static_cast<std::uint32_t>(*from));
            if (box.type == "auxl") auxiliary_.insert(static_cast<std::uint32_t>(*from));
            if (box.type != "dimg") continue;
            const auto source = items_.find(static_cast<std::uint32_t>(*from));
            if (source != items_.end() && source->second.type == "tmap") {
                // What a tone map is made of is the shown picture and its gain map: neither is a further picture.
                add("a gain map");
            }
            for (std::uint64_t i = 0; i < *count; ++i)
                if (const auto to = in.number(size + 2 + i * size, size)) parts_.insert(static_cast<std::uint32_t>(*to));
        }
    }

    template <class Each>
    void each_property(const HeifItem& item, const Each& each) const {
        for (const auto index : item.properties)
            if (index > 0 && index <= properties_.size()) each(properties_[index - 1]);
    }

    void describe(const HeifItem& item) {
        each_property(item, [&](const HeifBox& box) {
            if (box.type == "irot")
                facts_.quarter_turns = (facts_.quarter_turns + static_cast<int>(Bounded{box.body}.number(0, 1).value_or(0) & 3)) % 4;
            if (box.type == "imir" || box.type == "clap") facts_.cropped_or_mirrored = true;
            if (box.type != "ispe") return;
            const Bounded in{behind_flags(box.body)};
            facts_.width = in.quad(0).value_or(0);
            facts_.height = in.quad(4).value_or(0);
        });
        if (facts_.width == 0 || facts_.height == 0) facts_.cut = true;
    }

    int depth_of(const HeifItem& item) const {
        int depth = 8;
        each_property(item, [&](const HeifBox& box) {
            const Bounded in{box.body};
            if (box.type == "pixi")
                for (std::uint64_t i = 0; i < in.number(4, 1).value_or(0); ++i)
                    depth = std::max(depth, static_cast<int>(in.number(5 + i, 1).value_or(8)));
            if (box.type == "hvcC") depth = std::max(depth, 8 + static_cast<int>(in.number(17, 1).value_or(0) & 7));
            if (box.type == "av1C") {
                const auto flags = in.number(2, 1).value_or(0);
                if ((flags & 0x40) != 0) depth = std::max(depth, (flags & 0x20) != 0 ? 12 : 10);
            }
        });
        return depth;
    }

    std::string auxiliary_name(const HeifItem& item) const {
        std::string name = "an auxiliary picture";
        each_property(item, [&](const HeifBox& box) {
            if (box.type != "auxC") return;
            const auto urn = behind_flags(box.body);
            const auto speaks_of = [&](std::string_view word) { return urn.find(word) != std::string_view::npos; };
            if (speaks_of("gainmap"))
                name = "a gain map";
            else if (speaks_of("depth") || speaks_of("auxid:2") || speaks_of("disparity"))
                name = "a depth map";
            else if (speaks_of("alpha") || speaks_of("auxid:1"))
                name = "an alpha plane";
            else if (speaks_of("matte"))
                name = "a matte";
        });
        return name;
    }

    HeifFacts& facts_;
    std::uint32_t primary_ = 0;
    std::map<std::uint32_t, HeifItem> items_;
    std::vector<HeifBox> properties_;
    std::set<std::uint32_t> thumbs_, auxiliary_, parts_;
};

}  // namespace

HeifFacts look_at_heif(std::string_view file) {
    HeifFacts facts;
    if (!Bounded{file}.says(4, "ftyp")) return facts;
    bool outside = false;
    const auto boxes = heif_boxes(file, outside);
    const auto ftyp = heif_body(boxes, "ftyp");
    if (boxes.empty() || boxes.front().type != "ftyp") {  // the length of the first box is a lie: its brand still tells what it wants to be
        facts.cut = true;
        const auto brand = file.substr(8, 4);
        facts.raw = brand == "crx ";
        facts.avif = brand == "avif" || brand == "avis";
        facts.is_heif = facts.raw || facts.avif || brand == "heic" || brand == "heix" || brand == "mif1";
        return facts;
    }
    facts.raw = has_brand(ftyp, "crx ");
    facts.avif = has_brand(ftyp, "avif") || has_brand(ftyp, "avis");
    facts.sequence = has_brand(ftyp, "msf1") || has_brand(ftyp, "hevc") || has_brand(ftyp, "hevx") || has_brand(ftyp, "avis");
    facts.is_heif = facts.raw || facts.avif || facts.sequence;
    for (const auto* brand : {"heic", "heix", "heim", "heis", "mif1", "mif2", "miaf"}) facts.is_heif = facts.is_heif || has_brand(ftyp, brand);
    facts.cut = outside;
    if (!facts.is_heif || facts.raw) return facts;
    if (heif_body(boxes, "moov").empty()) facts.sequence = false;  // a brand that it could have; no track is there
    const auto meta = heif_body(boxes, "meta");
    if (meta.empty()) {
        facts.cut = facts.cut || !facts.sequence;
        return facts;
    }
    HeifMeta{meta, facts}.tell();
    return facts;
}

}  // namespace mediaferry::stages
