// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/config_commands.h"

#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>

#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

int config_check(const fs::path& file, std::ostream& out, std::ostream& err, bool json) {
    nlohmann::ordered_json told{{"file", file.string()}, {"ok", true}, {"faults", nlohmann::json::array()}, {"warnings", nlohmann::json::array()}};
    try {
        for (const auto& warning : config::load(file).warnings) {
            err << "warning: " << warning << "\n";
            told["warnings"].push_back(warning);
        }
        if (!json) out << "config ok: " << file.string() << "\n";
    } catch (const ConfigError& error) {
        err << error.what() << "\n";
        told["ok"] = false;
        std::istringstream lines{error.what()};
        lines.exceptions(std::ios::badbit);  // a want of memory is thrown; by itself a stream would end before what it has no room for
        for (std::string line; std::getline(lines, line);) told["faults"].push_back(line);
    }
    if (json) out << told.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    return told["ok"] ? 0 : kConfig;
}

int config_show(const fs::path& file, bool json, std::ostream& out) {
    const auto settings = config::load(file);
    out << (json ? config::show_json(settings) : config::show(settings));
    return 0;
}

int config_init(const fs::path& target, std::ostream& out, std::ostream& err) {
    try {
        write_new_file(target, config::example());
    } catch (const Error& error) {
        if (error.code() != "file.exists") throw;
        err << target.string() << " exists and is left as it is (give another name with --config)\n";
        return kBadInput;
    }
    out << "written: " << target.string() << "\n";
    err << "Fill in icloud.username and what differs at your house, then run: mediaferry config check --config " << target.string() << "\n";
    return 0;
}

void write_new_file(const fs::path& path, std::string_view content) {
    const fs::path file = fs::absolute(path);
    fs::create_directories(file.parent_path());
    const auto folder = files::Tree::open(file.parent_path());
    const fs::path unfinished = "." + file.filename().string() + ".new";
    files::replace_small_file(folder.root() / unfinished, content);
    try {
        folder.rename_new(unfinished, file.filename());
    } catch (...) {
        folder.remove(unfinished);
        throw;
    }
    folder.sync_directory("");
}

}  // namespace mediaferry::daemon
