// SPDX-License-Identifier: GPL-3.0-or-later
#include "common/config/section.h"

#include <algorithm>

namespace mediaferry::config {

namespace {

/// The names these settings had in the scripts that came before, for whoever brings an old file along.
const std::map<std::string, std::string> kFormerly{
    {"workflow.incoming_folder", "folders.incoming"},
    {"workflow.pixel_sync_folder", "folders.pixel_sync"},
    {"workflow.nas_archive_folder", "archive.root"},
    {"workflow.processing_folder", "folders.compress"},
    {"workflow.icloud_delete_folder", "folders.delete_pending"},
    {"workflow.pixel_batch_size", "pixel.batch_files"},
    {"workflow.sync_timeout_seconds", "syncthing.timeout"},
    {"workflow.cleanup_after_hours", "workflow.cleanup_after"},
    {"syncthing.timeout_seconds", "syncthing.timeout"},
    {"database_path", "database"},
    {"image_root", "folders.root"},
};

std::string kind_name(Value::Kind kind) {
    switch (kind) {
        case Value::Kind::nothing: return "nothing";
        case Value::Kind::scalar: return "one value";
        case Value::Kind::list: return "a list";
        case Value::Kind::map: return "a map";
    }
    return "";
}

}  // namespace

Section::Section(const Value& map, std::string path, Faults& faults, SecretFinder& secrets)
    : map_(map), path_(std::move(path)), faults_(faults), secrets_(secrets) {
    for (auto entry = map_.entries.begin(); entry != map_.entries.end(); ++entry) {
        const auto first = std::ranges::find(map_.entries, entry->key, &Entry::key);
        if (first != entry)
            faults_.add(entry->at, full(entry->key), "is given twice, first in line " + std::to_string(first->at.line) + " (keep one of the two)");
    }
}

const Entry* Section::find(std::string_view key) {
    known_.emplace_back(key);
    const auto entry = std::ranges::find(map_.entries, key, &Entry::key);
    if (entry == map_.entries.end()) return nullptr;
    faults_.remember(full(key), entry->value.at);
    return &*entry;
}

bool Section::is_scalar(const Value& value, const std::string& key) {
    if (value.kind == Value::Kind::scalar) return true;
    if (value.kind == Value::Kind::nothing)
        faults_.add(value.at, key, "has no value (write one, or remove the key for its default)");
    else
        faults_.add(value.at, key, "is " + kind_name(value.kind) + " (write one value)");
    return false;
}

bool Section::is_map(const Value& value, const std::string& key, std::string_view write_what) {
    if (value.kind == Value::Kind::map) {
        faults_.remember(key, value.at);
        return true;
    }
    faults_.add(value.at, key, "is " + kind_name(value.kind) + " (write " + std::string{write_what} + ")");
    return false;
}

const Value* Section::scalar_at(std::string_view key) {
    const auto* entry = find(key);
    return entry != nullptr && is_scalar(entry->value, full(key)) ? &entry->value : nullptr;
}

const std::vector<Value>* Section::list_at(std::string_view key) {
    const auto* entry = find(key);
    if (entry == nullptr) return nullptr;
    if (entry->value.kind == Value::Kind::list) return &entry->value.items;
    if (entry->value.kind == Value::Kind::scalar) {
        one_.assign(1, entry->value);
        return &one_;
    }
    faults_.add(entry->value.at, full(key), "is " + kind_name(entry->value.kind) + " (write a list: [a, b])");
    return nullptr;
}

void Section::words(std::string_view key, std::map<std::string, std::string>& into) {
    const auto* entry = find(key);
    if (entry == nullptr || entry->value.kind == Value::Kind::nothing || !is_map(entry->value, full(key), "NAME: value")) return;
    enter(entry->value, full(key), [&](Section& in) {
        for (const auto& word : entry->value.entries)
            if (const auto* given = in.scalar_at(word.key)) into[word.key] = given->text;
    });
}

std::optional<GivenSecret> Section::secret_at(const std::string& key) {
    const auto* given = scalar_at(key);
    if (given == nullptr) return std::nullopt;
    return GivenSecret{given->at, full(key), given->text};
}

void Section::secret(std::string_view key, Secret& into, std::string_view credential) {
    const std::string name{key};
    const auto plain = secret_at(name), file = secret_at(name + "_file"), variable = secret_at(name + "_env");
    into = secrets_.find(full(key), file, variable, plain, credential);
}

void Section::always_on(std::string_view what_to_write_instead) {
    bool enabled = true;
    value("enabled", enabled, syntax::flag());
    if (!enabled)
        faults_.add(faults_.position_of(full("enabled")), full("enabled"),
                    "this cannot be switched off (" + std::string{what_to_write_instead} + ")");
}

void Section::finish() {
    for (const auto& entry : map_.entries) {
        if (std::ranges::find(known_, entry.key) != known_.end()) continue;
        std::string hint = "the keys here are " + alternatives(known_);
        if (const auto former = kFormerly.find(full(entry.key)); former != kFormerly.end())
            hint = "it is called \"" + former->second + "\" now";
        else if (const auto near = nearest(entry.key, known_); !near.empty())
            hint = "did you mean \"" + near + "\"?";
        faults_.add(entry.at, full(entry.key), "unknown key (" + hint + ")");
    }
}

}  // namespace mediaferry::config
