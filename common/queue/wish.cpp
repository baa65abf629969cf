// SPDX-License-Identifier: GPL-3.0-or-later
#include <nlohmann/json.hpp>

#include "common/errors/errors.h"
#include "common/queue/runner.h"

namespace mediaferry::queue {

using json_t = nlohmann::ordered_json;

std::string to_json(const Wish& wish) {
    return json_t{{"depth", wish.depth},       {"rules", wish.rules},        {"include", wish.rule_set.include}, {"exclude", wish.rule_set.exclude},
                  {"left_out", wish.left_out}, {"only_copy", wish.only_copy}}
        .dump(-1, ' ', false, json_t::error_handler_t::replace);
}

Wish wish_from_json(const std::string& text) {
    try {
        const auto said = json_t::parse(text);
        Wish wish;
        wish.depth = said.at("depth").get<int>();
        wish.rules = said.at("rules").get<std::string>();
        wish.rule_set = {wish.rules, said.at("include").get<std::vector<std::string>>(), said.at("exclude").get<std::vector<std::string>>()};
        wish.left_out = said.at("left_out").get<std::vector<std::string>>();
        wish.only_copy = said.at("only_copy").get<bool>();
        return wish;
    } catch (const json_t::exception& error) {
        throw BadInput{"queue.options",
                       std::string("the options of a queued target cannot be read (") + error.what() + "): remove it and add it again"};
    }
}

std::string in_words(const Wish& wish) {
    std::string text;
    const auto add = [&](const std::string& words) { text += (text.empty() ? "" : ", ") + words; };
    for (const auto& name : wish.left_out) add("without " + name);
    if (!wish.rules.empty()) add("rules " + wish.rules);
    if (wish.only_copy) add("even the only copy");
    return text;
}

compare::Action action_of(std::string_view word) {
    if (word == "pull") return compare::Action::pull;
    if (word == "push") return compare::Action::push;
    return word == "trash" ? compare::Action::trash : compare::Action::none;
}

}  // namespace mediaferry::queue
