#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// The real binary over a house of its own, its rooms `processing` and `compress` filled with bombs.

#include <chrono>
#include <stdexcept>
#include <thread>

#include "common/process/process.h"
#include "tests/support/house.h"

namespace mediaferry::test {

class Ferry : public House {
public:
    Ferry() {
        settings.icloud.enabled = settings.archive.enabled = settings.pixel.enabled = settings.icloud_delete.enabled = settings.icloud_mark_enabled =
            settings.cleanup_enabled = false;
        configure("");
        environment["MEDIAFERRY_STAGES_DIR"] = BOMB_STAGES;
    }

    std::map<std::string, std::string> environment;

    void configure(const std::string& more) {
        write(settings.file, "database: " + settings.database.string() + "\nfolders: {root: " + settings.folders.root.string() +
                                 "}\nicloud: {enabled: false}\npixel: {enabled: false}\narchive: {enabled: false}\nicloud_mark: {enabled: "
                                 "false}\ncleanup: {enabled: false}\nstatus: {listen: \"127.0.0.1:0\"}\n"
                                 "retry: {first: 1h, attempts: 8}\n" +
                                 more);
    }

    process::Command command(std::vector<std::string> words) const {
        process::Command result;
        result.argv = {MEDIAFERRY_BINARY, "--config", settings.file.string()};
        result.argv.insert(result.argv.end(), words.begin(), words.end());
        result.environment = environment;
        result.inherit_environment = true;
        result.deadline = std::chrono::seconds{120};
        return result;
    }
    process::Output ferry(std::vector<std::string> words) const { return process::capture(command(std::move(words))); }

    /// Waits until something is so, with a limit that only a broken house reaches.
    template <class Condition>
    static void until(Condition&& so) {
        for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60}; !so();
             std::this_thread::sleep_for(std::chrono::milliseconds{2}))
            if (std::chrono::steady_clock::now() > end) throw std::runtime_error{"waited in vain"};
    }
    void until_at_work_on(const std::string& name) {
        until([&] { return fs::exists(folder("at-" + name)); });
    }
    void let_go() { write(folder("go"), ""); }
    static process::Exit end_of(process::Child& child) {
        std::optional<process::Exit> exit;
        until([&] { return (exit = child.poll()).has_value(); });
        return *exit;
    }
    /// Photos of different days, the first named the newest: taken up in this order.
    std::vector<MediaId> photos(const std::vector<std::string>& names) {
        std::vector<MediaId> ids;
        for (const auto& name : names) {
            Sample sample;
            sample.content = noise(1000, ++seed_);
            sample.taken -= std::chrono::days{seed_};
            ids.push_back(downloaded(name, sample));
        }
        return ids;
    }

private:
    unsigned seed_ = 0;
};

}  // namespace mediaferry::test
