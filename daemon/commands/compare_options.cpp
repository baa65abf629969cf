// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/compare_options.h"

#include <algorithm>
#include <charconv>

#include "common/errors/errors.h"
#include "daemon/options.h"

namespace mediaferry::daemon {

namespace {

[[noreturn]] void usage(const std::string& what) { throw UsageError{"usage.compare", what + "; see mediaferry compare --help"}; }

compare::RuleSet rules_named(const std::string& name, const config::Compare& config) {
    std::vector<std::string> known;
    for (const auto& one : config.rules) {
        if (one.name == name) return {one.name, one.include, one.exclude};
        known.push_back(one.name);
    }
    const auto near = nearest(name, known);
    usage("no rules '" + name + "' in the config (compare.rules)" + (near.empty() ? "" : "; did you mean " + near + "?"));
}

/// Throws for a class that does not exist: a typing error would leave nothing out.
std::string class_named(const std::string& name, const config::Compare& config) {
    const bool known =
        name == compare::kOtherClass || std::ranges::find(config.classes, name, &config::Compare::FileClass::name) != config.classes.end();
    if (!known) usage("no class of files '" + name + "' in the config (compare.classes)");
    return name;
}

int depth_of(const std::string& text) {
    int depth = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), depth);
    if (error != std::errc{} || end != text.data() + text.size() || depth < 0 || depth > 64) usage("--depth takes a number from 0 to 64");
    return depth;
}

/// "--view pull" and "--view=pull".
class CompareWords {
public:
    explicit CompareWords(const std::vector<std::string>& words) : words_(words) {}
    bool more() const { return at_ < words_.size(); }
    std::string take() {
        const auto& word = words_[at_++];
        const auto equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        given_ = equals == std::string::npos ? std::optional<std::string>{} : word.substr(equals + 1);
        return word.substr(0, equals);
    }
    std::string value(const std::string& option) {
        if (given_) return *given_;
        if (!more()) usage(option + " takes a value");
        return words_[at_++];
    }

private:
    const std::vector<std::string>& words_;
    std::size_t at_ = 0;
    std::optional<std::string> given_;
};

void take_option(const std::string& option, CompareWords& words, const config::Compare& config, CompareOptions& into) {
    auto& left_out = into.asked.left_out;
    if (option == "--checksum") {
        into.asked.checksum = true;
    } else if (option == "--view") {
        const auto view = words.value(option);
        if (view != "safety" && view != "pull") usage("--view takes safety or pull");
        into.view = view == "pull" ? compare::View::pull : compare::View::safety;
    } else if (option == "--rules") {
        into.asked.rules = rules_named(words.value(option), config);
    } else if (option == "--depth") {
        into.asked.depth = depth_of(words.value(option));
    } else if (option == "--without") {
        left_out.push_back(class_named(words.value(option), config));
    } else if (option == "--sort") {
        const auto order = words.value(option);
        if (order != "recent" && order != "name") usage("--sort takes recent or name");
        into.sort_recent = order == "recent";
    } else if (option.starts_with("--include-")) {
        std::erase(left_out, class_named(option.substr(10), config));
    } else {
        usage("unknown option " + option);
    }
}

}  // namespace

compare::Asked asked_by(const config::Compare& config) {
    compare::Asked asked;
    asked.depth = config.depth;
    for (const auto& one : config.classes) asked.classes.push_back({one.name, one.paths});
    for (const auto& name : config.leave_out) asked.left_out.push_back(name);
    asked.transit = config.transit;
    return asked;
}

CompareOptions compare_options(const std::vector<std::string>& words, const config::Settings& settings) {
    CompareOptions options;
    options.asked = asked_by(settings.compare);
    std::vector<fs::path> places;
    for (CompareWords rest{words}; rest.more();) {
        const auto word = rest.take();
        if (word.starts_with("-"))
            take_option(word, rest, settings.compare, options);
        else
            places.emplace_back(word);
    }
    if (places.size() > 2) usage("compare takes a folder here and one in the archive");
    const auto& at_home = settings.compare.local.empty() ? settings.folders.backup : settings.compare.local;
    options.local = fs::absolute(places.empty() ? at_home : places[0]).lexically_normal();
    if (places.size() < 2 && !settings.archive.enabled)
        throw ConfigError{"archive.off", "archive.enabled is false in " + settings.file.string() + ": say which folder to compare with"};
    options.archive = settings.archive.root;
    if (places.size() == 2) options.archive = is_share(places[1].string()) ? places[1] : fs::absolute(places[1]).lexically_normal();
    if (options.local == options.archive) usage("both sides are " + options.local.string());
    return options;
}

}  // namespace mediaferry::daemon
