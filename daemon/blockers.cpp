// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/blockers.h"

#include <algorithm>

namespace mediaferry::daemon {

int proof_rank(const std::string& proof) {
    const auto level = config::pixel_proof_from_text(proof);
    return level ? static_cast<int>(*level) : -1;
}

namespace {

void nas_blockers(std::vector<std::string>& out, const AssetFacts::File& file, const config::Settings& settings, Timestamp now) {
    const auto& name = file.item.filename;
    if (!file.nas) {
        out.push_back(name + " has no copy on the NAS");
    } else if (file.nas->sha256 != file.item.sha256) {
        out.push_back("the NAS copy of " + name + " has other content");
    } else if (file.nas->proof != "settled") {
        const auto at = file.nas->proven.value_or(file.nas->written) + settings.archive.settle;
        out.push_back("the NAS copy of " + name + " is read back a second time " + (at > now ? "from " + to_iso(at) + " on" : "at the next run"));
    }
}

void google_blockers(std::vector<std::string>& out, const AssetFacts::File& file, const config::Settings& settings) {
    const auto& sent = settings.pixel.kinds;
    if (std::ranges::find(sent, file.item.kind) == sent.end()) return;  // Google takes no such file
    const auto wanted = std::string{config::to_text(settings.icloud_delete.google_proof)};
    if (!file.pixel)
        out.push_back(file.item.filename + " has not been sent to the phone");
    else if (proof_rank(file.pixel->proof) < proof_rank(wanted))
        out.push_back(file.item.filename + " is " + file.pixel->proof + " on the phone, not yet " + wanted);
}

}  // namespace

std::vector<std::string> deletion_blockers(const AssetFacts& facts, const config::Settings& settings, Timestamp now) {
    const auto& asset = facts.asset;
    if (asset.deleted || asset.gone) return {};
    const auto& rules = settings.icloud_delete;
    std::vector<std::string> out;
    if (!rules.enabled) out.emplace_back("deletion is switched off (icloud_delete.enabled: true allows it)");
    if (asset.vetoed) out.push_back("a person took it out of the album " + settings.icloud.album + " on " + to_iso(*asset.vetoed));
    if (asset.hold) out.push_back("held back: " + asset.hold->text);
    for (const auto& resource : facts.resources)
        if (resource.state != "taken")
            out.push_back("its " + std::string{to_text(resource.kind)} + " has not arrived intact" +
                          (resource.reason ? ": " + resource.reason->text : ""));
    for (const auto& file : facts.files) {
        if (rules.requires_nas()) nas_blockers(out, file, settings, now);
        if (rules.requires_google()) google_blockers(out, file, settings);
    }
    const auto kept_until = std::max(asset.taken, asset.added) + std::chrono::days{rules.keep_days};
    if (kept_until > now) out.push_back("it stays in iCloud until " + to_iso(kept_until) + " (icloud_delete.keep_days)");
    if (!asset.filed && !asset.vetoed) out.push_back("it is not in the album " + settings.icloud.album + " yet");
    if (rules.approval == config::ICloudDelete::Approval::manual && !facts.approved)
        out.emplace_back(facts.planned ? "its plan waits for approval (mediaferry plan)" : "no approved plan names it (mediaferry plan)");
    return out;
}

}  // namespace mediaferry::daemon
