// SPDX-License-Identifier: GPL-3.0-or-later
// A stage that does what the name of the file says: crash…, hang…, eats…, starves…, slow…. Anything else goes well. While the folder has a file `gate`, a run
// finds that it may not work.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <new>
#include <vector>

#include "common/stage/stage.h"

namespace {

using namespace mediaferry;

class Bomb final : public stage::Stage {
public:
    explicit Bomb(const config::Settings& settings) : root_(settings.folders.root) {}

    stage::Outcome begin(stage::Run&) override {
        std::ifstream gate{(root_ / "gate").string()};
        std::string code;
        if (gate >> code) return stage::Wait{{code, "one photo is missing there"}};
        return stage::Done{};
    }

    stage::Outcome process(const media_db::MediaItem& item, stage::Run&) override {
        const auto& name = item.filename;
        std::ofstream{(root_ / ("at-" + name)).string()} << ::getpid();
        if (name.starts_with("crash")) std::abort();
        while (name.starts_with("hang")) ::usleep(1000);
        if (name.starts_with("eats")) eat();
        if (name.starts_with("starves") && !fs::exists(root_ / "fed")) starve();
        // Works on until the test has seen it at work and says that it may end.
        while (name.starts_with("slow") && !fs::exists(root_ / "go")) ::usleep(1000);
        return stage::Done{};
    }

    std::optional<std::string> rehearse(const media_db::MediaItem& item, stage::Run&) override { return "would light " + item.filename; }

private:
    static void eat() {
        const rlimit little{256 << 20, 256 << 20};
        ::setrlimit(RLIMIT_DATA, &little);
        std::vector<std::vector<char>> eaten;
        for (int i = 0; i < 1000; ++i) eaten.emplace_back(8 << 20, 'x');
    }

    // What `new` throws; asked for more than there is, a sanitizer would end the process by itself.
    static void want() { throw std::bad_alloc{}; }
    static void starve() noexcept { want(); }

    fs::path root_;
};

}  // namespace

MEDIAFERRY_STAGE(Bomb)
