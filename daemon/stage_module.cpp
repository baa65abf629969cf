// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/stage_module.h"

#include <dlfcn.h>

#include <cstdlib>

namespace mediaferry::daemon {

namespace {

template <class Function>
Function find_symbol(void* module, const char* name, const fs::path& file) {
    ::dlerror();
    void* symbol = ::dlsym(module, name);
    if (!symbol) throw Unavailable{"module.broken", file.string() + " is no stage module: " + ::dlerror()};
    return reinterpret_cast<Function>(symbol);
}

struct Module {
    void* handle;
    fs::path file;
};

Module open_module(std::string_view stage) {
    const fs::path file = stages_directory() / (std::string{stage} + ".so");
    if (!fs::exists(file))
        throw Unavailable{"module.missing", "the module of stage " + std::string{stage} + " is not installed: no " + file.string()};
    // Never closed again: exceptions and statics of the module may outlive every use we could name.
    void* module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!module) throw Unavailable{"module.broken", "the module of stage " + std::string{stage} + " cannot be loaded: " + ::dlerror()};
    const std::string version = find_symbol<const char* (*)()>(module, "mediaferry_stage_version", file)();
    if (version != MEDIAFERRY_VERSION)
        throw Unavailable{"module.version", file.string() + " is of version " + version + ", this is " MEDIAFERRY_VERSION ": reinstall mediaferry"};
    return {module, file};
}

}  // namespace

fs::path own_binary() { return fs::read_symlink("/proc/self/exe"); }

fs::path stages_directory() {
    if (const char* given = std::getenv("MEDIAFERRY_STAGES_DIR"); given && *given) return given;
    return own_binary().parent_path().parent_path() / "lib" / "mediaferry" / "stages";
}

std::unique_ptr<stage::Stage> load_stage(std::string_view stage, const config::Settings& settings) {
    const auto [module, file] = open_module(stage);
    return std::unique_ptr<stage::Stage>{find_symbol<stage::CreateStage>(module, "mediaferry_create_stage", file)(settings)};
}

int ask_stage(std::string_view stage, const stage::VerbCall& call) {
    const auto [module, file] = open_module(stage);
    return find_symbol<stage::AnswerVerb>(module, "mediaferry_stage_verb", file)(call);
}

}  // namespace mediaferry::daemon
