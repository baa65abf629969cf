// SPDX-License-Identifier: GPL-3.0-or-later
// `mediaferry queue`: what is in it, what comes in, what goes out.
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/compare/sides.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "common/media_db/queue.h"
#include "common/queue/runner.h"
#include "common/queue/trash.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/compare_options.h"
#include "daemon/commands/compare_sides.h"
#include "daemon/commands/queue_commands.h"
#include "daemon/exit_code.h"
#include "daemon/open_house.h"
#include "daemon/queue_report.h"
#include "daemon/stop_signal.h"

namespace mediaferry::daemon {

namespace {

using compare::Action;
using media_db::Queue;
using media_db::QueuedAction;
using QueueWords = std::vector<std::string>;
using QueueJson = nlohmann::ordered_json;

[[noreturn]] void queue_usage(const std::string& what) { throw UsageError{"usage.queue", what + "; see mediaferry queue --help"}; }

std::string queue_text(const QueueJson& answer) { return answer.dump(2, ' ', false, QueueJson::error_handler_t::replace); }

// ---- add ------------------------------------------------------------------------------------------------------------------

struct Adding {
    Action action = Action::none;
    bool recommended = false, only_copy = false;
    QueueWords targets;
    CompareOptions options;
};

Adding adding_from(const QueueWords& words, const config::Settings& settings) {
    Adding adding;
    QueueWords for_compare;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        if (word == "--recommended") {
            adding.recommended = true;
        } else if (word == "--even-only-copy") {
            adding.only_copy = true;
        } else if (word.starts_with("--")) {
            for_compare.push_back(word);
            const bool takes_value = word == "--view" || word == "--rules" || word == "--depth" || word == "--without" || word == "--sort";
            if (takes_value && i + 1 < words.size()) for_compare.push_back(words[++i]);
        } else if (adding.action == Action::none && !adding.recommended && adding.targets.empty() && queue::action_of(word) != Action::none) {
            adding.action = queue::action_of(word);
        } else {
            adding.targets.push_back(word.size() > 1 && word.ends_with('/') ? word.substr(0, word.size() - 1) : word);
        }
    }
    if (adding.recommended != (adding.action == Action::none)) queue_usage("queue add takes pull, push or trash, or --recommended");
    if (adding.recommended == !adding.targets.empty()) queue_usage("queue add takes targets after pull, push or trash, and none with --recommended");
    if (adding.only_copy && adding.action != Action::trash) queue_usage("--even-only-copy goes with trash");
    adding.options = compare_options(for_compare, settings);
    return adding;
}

std::vector<compare::Target> compared_now(const config::Settings& settings, const CompareOptions& options) {
    auto there = open_archive_side(settings, options.archive, options.asked.checksum, SystemClock{}.now());
    auto hashes = remembered_hashes(settings, options.local, options.asked.checksum);
    compare::FolderSide here{files::Tree::open(options.local), "", hashes ? &*hashes : nullptr, SystemClock{}.now(), comparing_stopped};
    auto result = compare::compare(here, *there.side, options.asked, {}, comparing_stopped);
    if (options.asked.checksum) here.remember();
    return std::move(result.targets);
}

struct Chosen {
    const compare::Target* target = nullptr;
    Action action = Action::none;
};

std::vector<Chosen> chosen_from(const Adding& adding, const std::vector<compare::Target>& targets) {
    std::vector<Chosen> chosen;
    if (adding.recommended) {
        for (const auto& target : targets)
            if (const auto action = compare::recommended(target, adding.options.view); action != Action::none) chosen.push_back({&target, action});
        return chosen;
    }
    for (const auto& name : adding.targets) {
        const auto found = std::ranges::find(targets, name, &compare::Target::name);
        if (found == targets.end()) {
            // A folder above targets is nearer to what was meant than any spelling.
            const auto below = std::ranges::find_if(targets, [&](const compare::Target& target) { return target.name.starts_with(name + "/"); });
            QueueWords known;
            for (const auto& target : targets) known.push_back(target.name);
            const auto near = below != targets.end() ? below->name : nearest(name, known);
            throw BadInput{"queue.no_target", "no target " + name + " on either side" + (near.empty() ? "" : "; did you mean " + near + "?") +
                                                  " (mediaferry compare lists them)"};
        }
        chosen.push_back({&*found, adding.action});
    }
    return chosen;
}

compare::Tally concerned(const Chosen& one) {
    const auto& target = *one.target;
    if (one.action == Action::pull) return target.only_archive;
    if (one.action == Action::push) return target.only_local;
    return {target.same.files + target.presumed.files, target.same.bytes + target.presumed.bytes};
}

int queue_add(const QueueWords& words, const Options& given, const config::Settings& settings) {
    const auto adding = adding_from(words, settings);
    catch_stop_signals();
    const auto targets = compared_now(settings, adding.options);
    const auto chosen = chosen_from(adding, targets);
    if (std::ranges::any_of(chosen, [](const Chosen& one) { return one.action != Action::push; }))
        refuse_working_folders(settings, queue_local(settings));
    queue::Wish wish{adding.options.asked.depth, adding.options.asked.rules.name, adding.options.asked.rules, adding.options.asked.left_out,
                     adding.only_copy};
    auto db = open_house(settings);
    Queue queue{db};
    auto queued = QueueJson::array(), refused = QueueJson::array();
    for (const auto& one : chosen) {
        const auto& name = one.target->name;
        const auto files = concerned(one);
        if (!queue.add(name, compare::word_of(one.action), queue::to_json(wish), SystemClock{}.now())) {
            const auto there = queue.at(name);
            std::cerr << name << " is in the queue already (" << (there ? there->action + ", " + there->status : "") << ")\n";
            refused.push_back(name);
            continue;
        }
        queued.push_back({{"target", name}, {"action", compare::word_of(one.action)}, {"files", files.files}, {"bytes", files.bytes.count}});
        if (!given.json)
            std::cout << "queued: " << compare::word_of(one.action) << " " << name << " (" << files.files
                      << (files.files == 1 ? " file, " : " files, ") << to_text(files.bytes) << ")\n";
    }
    if (given.json) std::cout << queue_text({{"queued", queued}, {"refused", refused}}) << "\n";
    if (chosen.empty() && !given.json) std::cout << "nothing is recommended\n";
    // Recommended once more is no mistake; a target that a person names twice is told by the exit code too.
    return !adding.recommended && !refused.empty() ? kItemsFailed : 0;
}

// ---- list, log, remove ------------------------------------------------------------------------------------------------------

int queue_list(const QueueWords& words, const Options& given, const config::Settings& settings) {
    if (!words.empty()) queue_usage("queue list takes no words");
    auto db = look_if_there(settings);
    const auto report = db ? gather_queue(*db) : QueueReport{};
    std::cout << (given.json ? queue_json(report) : queue_table(report));
    return 0;
}

QueuedAction named_target(const Queue& queue, const std::string& name) {
    if (auto action = queue.at(name)) return *action;
    throw BadInput{"queue.not_queued", name + " is not in the queue; mediaferry queue list shows what is"};
}

int queue_log(QueueWords words, const Options& given, const config::Settings& settings) {
    const bool all = std::erase(words, "--all") > 0;
    if (words.size() != 1 || words[0].starts_with("--")) queue_usage("queue log takes a target, and --all to see copied files too");
    auto db = look_at_house(settings);
    const Queue queue{db};
    const auto action = named_target(queue, words[0]);
    auto rows = QueueJson::array();
    for (const auto& file : queue.files_of(action.id)) {
        if (given.json) {
            rows.push_back({{"path", file.path},
                            {"class", file.file_class},
                            {"bytes", file.size.count},
                            {"status", file.status},
                            {"reason", file.reason ? QueueJson{{"code", file.reason->code}, {"text", file.reason->text}} : QueueJson(nullptr)}});
        } else if (all || file.reason) {
            std::cout << file.status << "  " << files::printable(file.path) << (file.reason ? "  " + file.reason->text : "") << "\n";
        }
    }
    if (given.json) std::cout << queue_text({{"target", action.target}, {"action", action.action}, {"files", rows}}) << "\n";
    return 0;
}

int queue_remove(QueueWords words, const Options&, const config::Settings& settings) {
    const bool ended = std::erase(words, "--done") > 0;
    if (ended == !words.empty()) queue_usage("queue remove takes targets, or --done for all that have ended");
    auto db = open_house(settings);
    Queue queue{db};
    if (ended)
        for (const auto& action : queue.all())
            if (action.status == "done" || action.status == "failed") words.push_back(action.target);
    const auto nobody_runs = files::Lock::try_take(queue::lock_file(settings.state_directory()));
    for (const auto& word : words)
        if (named_target(queue, word).status == "running" && !nobody_runs)
            throw TryLater{"queue.running", word + " is being worked at; stop that run first (Ctrl-C there)"};
    for (const auto& word : words)
        if (queue.remove(word)) std::cout << "removed: " << word << "\n";
    return 0;
}

}  // namespace

fs::path queue_local(const config::Settings& settings) {
    return fs::absolute(settings.compare.local.empty() ? settings.folders.backup : settings.compare.local).lexically_normal();
}

void refuse_working_folders(const config::Settings& settings, const fs::path& local) {
    const auto lies_in = [](const fs::path& folder, const fs::path& path) {
        const auto inside = path.lexically_normal().lexically_relative(folder.lexically_normal());
        return inside == "." || (!inside.empty() && *inside.begin() != "..");
    };
    const auto& f = settings.folders;
    for (const auto& folder : {f.incoming, f.backup, f.pixel_sync, f.compress, f.library, f.delete_pending, f.trash, settings.archive.root})
        if (lies_in(folder, local) || lies_in(local, folder))
            throw ConfigError{"queue.working_folder",
                              "the folder here is " + local.string() + ", where the ferry itself works (" + folder.string() +
                                  "): nothing is pulled there, and nothing on the NAS is given up on its word. Set compare.local in " +
                                  settings.file.string() + " to a folder of your own. Originals come home by mediaferry archive restore"};
}

int queue_command(const Options& options, const config::Settings& settings) {
    const auto& verb = options.words.front();
    const QueueWords rest{options.words.begin() + 1, options.words.end()};
    if (!settings.archive.enabled && verb != "list" && verb != "log" && verb != "remove")
        throw ConfigError{"archive.off", "archive.enabled is false in " + settings.file.string() + ": this house has no archive"};
    if (verb == "add") return queue_add(rest, options, settings);
    if (verb == "list") return queue_list(rest, options, settings);
    if (verb == "run") return queue_run(rest, options, settings);
    if (verb == "log") return queue_log(rest, options, settings);
    if (verb == "remove") return queue_remove(rest, options, settings);
    if (verb == "restore") return queue_restore(rest, options, settings);
    const auto near = nearest(verb, {"add", "list", "run", "log", "remove", "restore"});
    throw UsageError{"usage.verb", "unknown command 'queue " + verb + "'" + (near.empty() ? "" : " (did you mean " + near + "?)")};
}

}  // namespace mediaferry::daemon
