// SPDX-License-Identifier: GPL-3.0-or-later
// Every answer of Syncthing, and what we conclude of it.
#include "common/syncthing/answers.h"
#include "common/syncthing/proof.h"
#include "tests/fuzz/fuzz.h"

using namespace mediaferry;
using namespace mediaferry::syncthing;
using fuzz::attempt;
using fuzz::require;

namespace {

constexpr auto kPhone = "6HHS5NV-U2MH72B-JQEZDT5-7WFNPYW-XQ7XX7T-LTZ4GFI-GYUNWZQ-7NX5NQA";

Receipt staged(const FileAnswer& answer) {
    Receipt receipt;
    receipt.folder = "pixel";
    receipt.name = answer.local.name;
    receipt.size = {answer.local.size};
    if (answer.local.modified) receipt.modified = *answer.local.modified;
    return receipt;
}

void conclusions(const FileAnswer& answer) {
    auto receipt = staged(answer);
    const auto verdict = delivered(answer, receipt, OnDisk{receipt.size, receipt.modified}, kPhone);
    if (verdict.arrival == Arrival::delivered) {
        bool held = false;
        for (const auto& holder : answer.availability) held = held || (holder.device == kPhone && !holder.from_temporary);
        require(held, "delivered to a phone that does not hold it");
        require(!answer.global.deleted && !answer.local.version.empty(), "delivered, and there is no such file");
    } else {
        require(!verdict.reason.code.empty(), "not delivered, without a reason");
    }
    receipt.delivery = Delivery{kPhone, answer.local.version, Timestamp{}, "v1.27", "v1.27", 1, "", std::nullopt};
    std::string why;
    const auto now = Timestamp{std::chrono::seconds{1'700'000'000}};
    if (const auto gone = freed(answer, receipt, kPhone, now, &why))
        require(answer.global.deleted && gone->version.descends_from(answer.local.version), "freed without a deletion that follows the delivery");
    else
        require(!why.empty(), "not freed, without a reason");
}

void moments(const FileEntry& entry) {
    if (!entry.modified) return;
    const auto text = to_text(*entry.modified);
    require(moment_from_text(text) == entry.modified, "a time that is written is read otherwise");
    require(vector_from_texts(to_texts(entry.version)) == entry.version, "a version that is written is read otherwise");
}

}  // namespace

FUZZ(syncthing) {
    attempt([&] {
        const auto answer = file_answer(input);
        moments(answer.global);
        moments(answer.local);
        conclusions(answer);
    });
    attempt([&] {
        const auto need = need_page(input);
        made_on_phone(need, kPhone);
        deleted_on_phone(need, kPhone);
    });
    attempt([&] {
        const auto folders = folder_configs(input);
        folder_fit(folders, {}, ServerStatus{"server", "/home"}, FolderWanted{"pixel", "/srv/media/pixel_sync", ""});
    });
    attempt([&] { device_configs(input); });
    attempt([&] { connections(input); });
    attempt([&] { completion(input); });
    attempt([&] { status_fit(folder_status(input), "pixel"); });
    attempt([&] { server_status(input); });
    attempt([&] { last_seen(input); });
    attempt([&] { syncthing_version(input); });
    attempt([&] { vector_from_texts({std::string(input)}); });
}
