// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/config_commands.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "common/config/settings.h"
#include "common/errors/errors.h"
#include "daemon/commands/setup_wizard.h"
#include "tests/support/temp_dir.h"

using namespace mediaferry;
using namespace mediaferry::daemon;
using namespace mediaferry::test;

namespace {

mode_t mode_of(const fs::path& file) {
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

/// Answers given to the wizard, a line each.
struct Setup {
    int exit_code;
    std::string said;
    Setup(const fs::path& target, const std::string& answers) {
        std::istringstream in{answers};
        std::ostringstream out;
        exit_code = config_setup(target, in, out);
        said = out.str();
    }
};

/// Enter to every question but the Apple ID, the fifth.
const std::string kOnlyTheAppleId = "\n\n\n\nme@example.com\n" + std::string(20, '\n');

}  // namespace

TEST_CASE("config check says ok on stdout, faults on stderr with exit code 78", "[config]") {
    TempDir dir;
    const auto file = write(dir / "m.yaml", "icloud: {username: me}\n");
    std::ostringstream out, err;
    CHECK(config_check(file, out, err) == 0);
    CHECK(out.str() == "config ok: " + file.string() + "\n");
    CHECK(err.str().empty());

    write(dir / "bad.yaml", "icloud: {username: me, doman: com}\nlog: {level: loud}\n");
    std::ostringstream no_out, faults;
    CHECK(config_check(dir / "bad.yaml", no_out, faults) == 78);
    std::ostringstream for_a_script, again;
    CHECK(config_check(dir / "bad.yaml", for_a_script, again, true) == 78);
    CHECK(for_a_script.str().find("bad.yaml:") != std::string::npos);
    CHECK(for_a_script.str().find("\"ok\": false") != std::string::npos);
    CHECK(no_out.str().empty());
    const auto name = (dir / "bad.yaml").string();
    CHECK(faults.str() == name + ":1:24: icloud.doman: unknown key (did you mean \"domain\"?)\n" + name +
                              ":2:14: log.level: \"loud\" is not known here (write debug, info, warning or error)\n");
    std::ostringstream missing;
    CHECK(config_check(dir / "none.yaml", no_out, missing) == 78);
    CHECK(missing.str().find("there is no such file") != std::string::npos);
}

TEST_CASE("config check tells warnings and still says ok", "[config]") {
    TempDir dir;
    const auto file = write(dir / "m.yaml", "icloud: {username: me, password: hunter2}\n");
    ::chmod(file.c_str(), 0644);
    std::ostringstream out, err;
    CHECK(config_check(file, out, err) == 0);
    CHECK(err.str().find("warning: " + file.string() + ":1:34: icloud.password: ") == 0);
    CHECK(err.str().find("hunter2") == std::string::npos);
}

TEST_CASE("config show prints what is in force, as YAML or JSON", "[config]") {
    TempDir dir;
    const auto file = write(dir / "m.yaml", "icloud: {username: me}\narchive: {settle: 1h}\n");
    std::ostringstream yaml, json;
    CHECK(config_show(file, false, yaml) == 0);
    CHECK(yaml.str().find("  settle: 1h\n") != std::string::npos);
    CHECK(config_show(file, true, json) == 0);
    CHECK(json.str().find("\"settle\": \"1h\"") != std::string::npos);
    std::ostringstream nothing;
    CHECK_THROWS_AS(config_show(dir / "none.yaml", false, nothing), ConfigError);
}

TEST_CASE("config init writes the example for its owner alone and never overwrites", "[config]") {
    TempDir dir;
    const auto file = dir / "etc/mediaferry.yaml";
    std::ostringstream out, err;
    CHECK(config_init(file, out, err) == 0);
    CHECK(read(file) == config::example());
    CHECK(mode_of(file) == 0600);
    CHECK(config::load(file).warnings.empty());

    write(file, "mine");
    std::ostringstream no_out, told;
    CHECK(config_init(file, no_out, told) == 65);
    CHECK(read(file) == "mine");
    CHECK(told.str().find("is left as it is") != std::string::npos);
    CHECK(fs::directory_iterator { dir / "etc" } -> path() == file);  // and nothing beside it
}

TEST_CASE("the wizard with Enter to every question makes a config of defaults", "[config]") {
    TempDir dir;
    const auto target = dir / "new/mediaferry.yaml";
    const Setup setup{target, kOnlyTheAppleId};
    CAPTURE(setup.said);
    REQUIRE(setup.exit_code == 0);
    CHECK(mode_of(target) == 0600);
    CHECK(config::show(config::load(target)) == config::show(config::parse("icloud: {username: me@example.com}", target)));
}

TEST_CASE("the wizard takes every answer and keeps secrets in files of their own", "[config]") {
    TempDir dir;
    const auto target = dir / "mediaferry.yaml";
    const Setup setup{target,
                      "/db/media.db\n/photos\nno\nin\n\n\n\nsmall\n\n\n48h\n"  // folders
                      "me@example.com\nhunter2\ncn\n/var/cookies\n"            // iCloud
                      "yes\nhttps://localhost:9\nkey-1\nfolder-1\n10m\n7\n"    // phone
                      "yes\n/mnt/nas\n{year}/{filename}\n"                     // NAS
                      "yes\nno\nyes\n2y\nkeep\n5y\n70\n30\n60\nkeep\n"};       // compression
    CAPTURE(setup.said);
    REQUIRE(setup.exit_code == 0);
    const auto s = config::load(target);
    CHECK(s.warnings.empty());
    CHECK(s.database == "/db/media.db");
    CHECK(s.folders.incoming == "/photos/in");
    CHECK(s.folders.backup == "/photos/backup");
    CHECK(s.folders.library == "/photos/small");
    CHECK(s.workflow.cleanup_after == std::chrono::hours{48});
    CHECK(s.icloud.domain == "cn");
    CHECK(s.icloud.password.value == "hunter2");
    CHECK(s.icloud.cookie_directory == "/var/cookies");
    CHECK(s.syncthing.api_key.value == "key-1");
    CHECK(s.syncthing.pixel_folder_id == "folder-1");
    CHECK(s.syncthing.timeout == std::chrono::minutes{10});
    CHECK(s.pixel.batch_files == 7);
    CHECK(s.archive.root == "/mnt/nas");
    CHECK(s.archive.layout == "{year}/{filename}");
    REQUIRE(s.compress.tiers.size() == 3);
    CHECK(s.compress.tiers[0].photo.keep);
    CHECK(s.compress.tiers[0].younger_than == std::chrono::hours{24 * 730});
    CHECK(s.compress.tiers[1].video.quality == 30);
    CHECK(s.compress.tiers[2].photo.quality == 60);
    CHECK(s.compress.tiers[2].photo.max_megapixels == 12.0);
    CHECK(s.compress.tiers[2].video.keep);
    CHECK(mode_of(dir / "icloud_password") == 0600);
    CHECK(mode_of(dir / "syncthing_api_key") == 0600);
    CHECK(read(target).find("hunter2") == std::string::npos);
    CHECK(setup.said.find("hunter2") == std::string::npos);
}

TEST_CASE("the wizard does without phone, NAS and compression", "[config]") {
    TempDir dir;
    const Setup setup{dir / "m.yaml", "\n\n\n\nme@example.com\n\n\n\nno\nno\nno\n"};
    REQUIRE(setup.exit_code == 0);
    const auto s = config::load(dir / "m.yaml");
    CHECK_FALSE(s.pixel.enabled);
    CHECK_FALSE(s.archive.enabled);
    CHECK_FALSE(s.compress.enabled);
    CHECK(s.icloud_delete.require.empty());
}

TEST_CASE("the wizard asks again until an answer can be used", "[config]") {
    TempDir dir;
    const Setup setup{dir / "m.yaml", "media.db\n/db\nphotos\n/photos\nperhaps\nyes\nsoon\n1h\n\nme@example.com\n" + std::string(20, '\n')};
    REQUIRE(setup.exit_code == 0);
    const auto s = config::load(dir / "m.yaml");
    CHECK(s.database == "/db");
    CHECK(s.folders.root == "/photos");
    CHECK(s.workflow.cleanup_after == std::chrono::hours{1});
    CHECK(s.icloud.username == "me@example.com");
    CHECK(setup.said.find("Please answer yes or no.") != std::string::npos);
}

TEST_CASE("the wizard replaces a config only after a yes, and keeps it", "[config]") {
    TempDir dir;
    const auto target = write(dir / "m.yaml", "mine");
    CHECK(Setup(target, "no\n").exit_code == 0);
    CHECK(read(target) == "mine");
    CHECK(Setup(target, "\n").exit_code == 0);
    CHECK(read(target) == "mine");
    CHECK(Setup(target, "yes\n" + kOnlyTheAppleId).exit_code == 0);
    CHECK(config::load(target).icloud.username == "me@example.com");
    CHECK(read(dir / "m.yaml.before-setup") == "mine");
}

TEST_CASE("a wizard left early or answered with contradictions writes nothing", "[config]") {
    TempDir dir;
    CHECK(Setup(dir / "m.yaml", "\n\n\n\nme@example.com\nhunter2\n").exit_code == 65);
    const Setup contradiction{dir / "m.yaml", "\n\nno\nbackup\n" + std::string(7, '\n') + "me@example.com\nhunter2\n" + std::string(20, '\n')};
    CHECK(contradiction.exit_code == 78);
    CHECK(contradiction.said.find("folders.backup: is the same folder as folders.incoming") != std::string::npos);
    CHECK(fs::is_empty(dir.path()));
}
