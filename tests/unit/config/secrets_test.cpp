// SPDX-License-Identifier: GPL-3.0-or-later
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tests/support/temp_dir.h"
#include "tests/unit/config/reading.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {

/// An environment variable for the length of a test.
struct Variable {
    std::string name;
    Variable(std::string n, const std::string& value) : name(std::move(n)) { ::setenv(name.c_str(), value.c_str(), 1); }
    ~Variable() { ::unsetenv(name.c_str()); }
};

/// A folder with a config file (mode 0600) and what lies beside it.
struct Home {
    TempDir dir;
    fs::path put(const std::string& name, const std::string& content, mode_t mode = 0600) const {
        const auto path = write(dir / name, content);
        ::chmod(path.c_str(), mode);
        return path;
    }
    config::Settings load(const std::string& password_keys, mode_t mode = 0600) const {
        return config::load(put("m.yaml", "icloud:\n  username: me@example.com\n" + password_keys, mode));
    }
    std::string faults(const std::string& password_keys) const {
        try {
            load(password_keys);
            return "";
        } catch (const ConfigError& error) {
            return error.what();
        }
    }
    std::string file() const { return (dir / "m.yaml").string(); }
};

}  // namespace

TEST_CASE("a secret comes from a file beside the config, without its newline", "[config]") {
    Home home;
    home.put("pw", "hunter2 \n");
    const auto s = home.load("  password_file: pw\n");
    CHECK(s.icloud.password.present);
    CHECK(s.icloud.password.value == "hunter2 ");
    CHECK(s.icloud.password.source == "password_file " + (home.dir / "pw").string());
    CHECK(s.warnings.empty());
}

TEST_CASE("a secret's file that others can read is warned of", "[config]") {
    Home home;
    home.put("pw", "hunter2", 0640);
    const auto s = home.load("  password_file: pw\n");
    REQUIRE(s.warnings.size() == 1);
    CHECK(s.warnings[0] ==
          home.file() + ":3:18: icloud.password_file: " + (home.dir / "pw").string() + " can be read by others than its owner (run chmod 600 on it)");
}

TEST_CASE("a secret comes from the environment, else from .env", "[config]") {
    Home home;
    home.put(".env", "# secrets\nexport MF_TEST_A='from file'  # quoted\nMF_TEST_B=\"a\\\"b # c\"\nMF_TEST_C=plain value # comment\n\n");
    CHECK(home.load("  password_env: MF_TEST_A\n").icloud.password.value == "from file");
    CHECK(home.load("  password_env: MF_TEST_B\n").icloud.password.value == "a\"b # c");
    CHECK(home.load("  password_env: MF_TEST_C\n").icloud.password.value == "plain value");
    CHECK(home.load("  password_env: MF_TEST_C\n").icloud.password.source == "password_env MF_TEST_C in .env");
    Variable set{"MF_TEST_A", "from environment"};
    CHECK(home.load("  password_env: MF_TEST_A\n").icloud.password.value == "from environment");
}

TEST_CASE("a secret comes from a systemd credential when the config names none", "[config]") {
    Home home;
    home.put("credentials/icloud_password", "hunter2\n");
    home.put("credentials/syncthing_api_key", "key\n");
    home.put("credentials/smtp_password", "mail\n");
    home.put("credentials/ntfy_token", "token\n");
    home.put("pw", "other");
    Variable directory{"CREDENTIALS_DIRECTORY", (home.dir / "credentials").string()};
    const auto s = home.load("");
    CHECK(s.icloud.password.value == "hunter2");
    CHECK(s.icloud.password.source == "credential icloud_password");
    CHECK(s.syncthing.api_key.value == "key");
    CHECK(s.notify.smtp.password.value == "mail");
    CHECK(s.notify.ntfy_token.value == "token");
    CHECK(home.load("  password_file: pw\n").icloud.password.value == "other");
    const auto both = home.load("  password: plain\n");
    CHECK(both.icloud.password.value == "hunter2");
    REQUIRE(both.warnings.size() == 1);
    CHECK(both.warnings[0] == home.file() + ":3:13: icloud.password: is not used: the credential icloud_password takes its place (remove the key)");
}

TEST_CASE("a plain secret is accepted, with a warning unless only the owner can read the config", "[config]") {
    Home home;
    CHECK(home.load("  password: hunter2\n").warnings.empty());
    const auto open = home.load("  password: hunter2\n", 0644);
    CHECK(open.icloud.password.value == "hunter2");
    REQUIRE(open.warnings.size() == 1);
    CHECK(open.warnings[0] == home.file() +
                                  ":3:13: icloud.password: stands here in plain text and others than the owner can read the file (run chmod 600 on "
                                  "it, or write password_file)");
    CHECK(home.load("  password: \"\"\n", 0644).warnings.empty());
}

TEST_CASE("no secret is no fault", "[config]") {
    Home home;
    CHECK_FALSE(home.load("").icloud.password.present);
    CHECK_FALSE(home.load("  password: \"\"\n").icloud.password.present);
}

TEST_CASE("a secret that is named and cannot be had is a fault", "[config]") {
    Home home;
    home.put("empty", "\n");
    const auto at = home.file() + ":3:";
    CHECK(home.faults("  password_file: none\n") ==
          at + "18: icloud.password_file: " + (home.dir / "none").string() + " does not exist (make it, mode 0600, with the secret in it)");
    CHECK(home.faults("  password_file: empty\n") ==
          at + "18: icloud.password_file: " + (home.dir / "empty").string() + " is empty (write the secret into it)");
    CHECK(home.faults("  password_env: MF_TEST_UNSET\n") ==
          at + "17: icloud.password_env: neither the environment nor a .env file beside this one has MF_TEST_UNSET (set it, or write password_file)");
    CHECK(home.faults("  password_file: empty\n  password: hunter2\n").find("hunter2") == std::string::npos);
}

TEST_CASE("a secret given twice is a fault", "[config]") {
    Home home;
    home.put("pw", "hunter2");
    CHECK(home.faults("  password: x\n  password_file: pw\n") ==
          home.file() + ":3:13: icloud.password: password_file is given too (keep one of the two)");
    Variable set{"MF_TEST_A", "a"};
    CHECK(home.faults("  password_file: pw\n  password_env: MF_TEST_A\n") ==
          home.file() + ":4:17: icloud.password_env: password_file is given too (keep one of the two)");
}

TEST_CASE("a line of .env that sets nothing is a fault that does not repeat it", "[config]") {
    Home home;
    home.put(".env", "MF_TEST_A=a\nhunter2\nMF_TEST_B='hunter2\n");
    const auto said = [&](int line) {
        return (home.dir / ".env").string() + ":" + std::to_string(line) +
               ":1: variable: is not of the form NAME=value (write quotes around a value that has blanks or #)";
    };
    CHECK(home.faults("  password_env: MF_TEST_A\n") == said(2) + "\n" + said(3));
}

TEST_CASE("no secret is shown, in whichever way it came", "[config]") {
    Home home;
    home.put("pw", "hunter2");
    home.put(".env", "MF_TEST_KEY=hunter2\n");
    const auto s =
        home.load("  password_file: pw\nsyncthing: {api_key_env: MF_TEST_KEY}\nnotify: {ntfy_token: hunter2, smtp: {password: hunter2}}\n");
    const auto shown = config::show(s) + config::show_json(s);
    CHECK(shown.find("hunter2") == std::string::npos);
    CHECK(shown.find("password: \"(set, from password_file " + (home.dir / "pw").string() + ")\"") != std::string::npos);
    CHECK(shown.find("api_key: \"(set, from api_key_env MF_TEST_KEY in .env)\"") != std::string::npos);
    CHECK(shown.find("ntfy_token: \"(set, from the config file)\"") != std::string::npos);
}

TEST_CASE("what config show prints for a secret is not taken for one", "[config]") {
    Home home;
    const auto s = home.load("  password: \"(set, from password_file /etc/x)\"\n");
    CHECK_FALSE(s.icloud.password.present);
    CHECK(s.icloud.password.value.empty());
    REQUIRE(s.warnings.size() == 1);
}
