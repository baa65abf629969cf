// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/media_db/evidence.h"

#include <algorithm>

#include "common/media_db/row_reading.h"

namespace mediaferry::media_db {

namespace {
std::vector<Copy> copies(Query& query) {
    return all(query, [](const Query& row) { return copy_from(row); });
}
std::optional<Copy> one_copy(Query& query) {
    if (!query.next()) return std::nullopt;
    return copy_from(query);
}
}  // namespace

CopyId Evidence::add(const Copy& copy) {
    Transaction transaction(db_, MF_COMMIT("db.evidence.add"));
    Query(db_, R"(INSERT INTO copy (media_id, place, path, sha256, size, proof, written_at, proven_at, checked_at, removed_at, receipt)
                  VALUES (:media, :place, :path, :sha256, :size, :proof, :written, :proven, :checked, :removed, :receipt))")
        .with(":media", copy.media)
        .with(":place", to_text(copy.place))
        .with(":path", copy.path)
        .with(":sha256", copy.sha256)
        .with(":size", copy.size)
        .with(":proof", copy.proof)
        .with(":written", copy.written)
        .with(":proven", copy.proven)
        .with(":checked", copy.checked)
        .with(":removed", copy.removed)
        .with_json(":receipt", copy.receipt)
        .run();
    const CopyId id{db_.impl().last_id()};
    transaction.commit();
    return id;
}

std::optional<Copy> Evidence::current(MediaId media, Place place) const {
    Query query(db_, "SELECT " MEDIAFERRY_COPY R"( FROM copy c
                      WHERE c.media_id = :media AND c.place = :place AND c.removed_at IS NULL
                      ORDER BY c.id DESC LIMIT 1)");
    return one_copy(query.with(":media", media).with(":place", to_text(place)));
}

std::vector<Copy> Evidence::of(MediaId media) const {
    Query query(db_, "SELECT " MEDIAFERRY_COPY " FROM copy c WHERE c.media_id = :media ORDER BY c.id");
    return copies(query.with(":media", media));
}

void Evidence::proven(CopyId copy, std::string_view proof, Timestamp proven, Timestamp checked, const std::string& receipt_json) {
    Transaction transaction(db_, MF_COMMIT("db.evidence.proven"));
    Query(db_, "UPDATE copy SET proof = :proof, proven_at = :proven, checked_at = :checked, receipt = :receipt WHERE id = :copy")
        .with(":proof", proof)
        .with(":proven", proven)
        .with(":checked", checked)
        .with_json(":receipt", receipt_json)
        .with(":copy", copy)
        .run();
    transaction.commit();
}

void Evidence::checked(CopyId copy, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.evidence.checked"));
    Query(db_, "UPDATE copy SET checked_at = :now WHERE id = :copy").with(":now", now).with(":copy", copy).run();
    transaction.commit();
}

void Evidence::removed(CopyId copy, Timestamp now) {
    Transaction transaction(db_, MF_COMMIT("db.evidence.removed"));
    Query(db_, "UPDATE copy SET removed_at = :now WHERE id = :copy AND removed_at IS NULL").with(":now", now).with(":copy", copy).run();
    transaction.commit();
}

bool Evidence::pixel_name_used(const fs::path& name) const {
    return Query(db_, "SELECT 1 FROM copy WHERE place = 'pixel' AND path = :path COLLATE NOCASE").with(":path", name).next();
}

std::vector<Copy> Evidence::pixel_copies(const std::vector<std::string>& proofs, std::size_t limit, CopyId after) const {
    std::vector<Copy> found;
    for (const auto& proof : proofs) {
        Query query(db_, "SELECT " MEDIAFERRY_COPY R"( FROM copy c
                          WHERE c.place = 'pixel' AND c.removed_at IS NULL AND c.proof = :proof AND c.id > :after
                          ORDER BY c.id LIMIT :limit)");
        for (auto& copy : copies(query.with(":proof", proof).with(":after", after).with(":limit", limit))) found.push_back(std::move(copy));
    }
    std::ranges::sort(found, {}, &Copy::id);
    if (found.size() > limit) found.resize(limit);
    return found;
}

std::optional<Copy> Evidence::pixel_copy_named(const fs::path& name) const {
    Query query(db_, "SELECT " MEDIAFERRY_COPY " FROM copy c WHERE c.place = 'pixel' AND c.path = :path COLLATE NOCASE AND c.removed_at IS NULL");
    return one_copy(query.with(":path", name));
}

Evidence::Load Evidence::pixel_undelivered() const {
    Query query(db_, "SELECT count, bytes FROM copy_count WHERE place = 'pixel' AND proof = 'staged'");
    if (!query.next()) return {};
    return {query.integer(0), query.bytes(1)};
}

std::vector<Copy> Evidence::at_path(Place place, const fs::path& path) const {
    Query query(db_, "SELECT " MEDIAFERRY_COPY
                     " FROM copy c WHERE c.place = :place AND c.path = :path COLLATE NOCASE AND c.removed_at IS NULL ORDER BY c.id");
    return copies(query.with(":place", to_text(place)).with(":path", path));
}

std::vector<Copy> Evidence::nas_copies_of(const Sha256& sha256) const {
    Query query(db_, "SELECT " MEDIAFERRY_COPY R"( FROM media m CROSS JOIN copy c ON c.media_id = m.id
                      WHERE m.sha256 = :sha256 AND c.place = 'nas' AND c.removed_at IS NULL AND c.sha256 = m.sha256 ORDER BY c.id)");
    return copies(query.with(":sha256", sha256));
}

std::vector<Copy> Evidence::nas_copies(std::string_view proof, Timestamp proven_before, std::size_t limit) const {
    Query query(db_, "SELECT " MEDIAFERRY_COPY R"( FROM copy c
                      WHERE c.place = 'nas' AND c.removed_at IS NULL AND c.proof = :proof AND c.proven_at <= :before
                      ORDER BY c.proven_at LIMIT :limit)");
    return copies(query.with(":proof", proof).with(":before", proven_before).with(":limit", limit));
}

}  // namespace mediaferry::media_db
