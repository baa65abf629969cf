// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/commands/setup_wizard.h"

#include <ostream>

#include "common/config/document.h"
#include "common/config/settings.h"
#include "common/config/values.h"
#include "common/errors/errors.h"
#include "common/files/files.h"
#include "daemon/commands/config_commands.h"
#include "daemon/commands/questions.h"
#include "daemon/exit_code.h"

namespace mediaferry::daemon {

namespace {

using config::yaml_scalar;
using Check = Questions::Check;

Check must(bool (*is_valid)(std::string_view), const std::string& wrong) {
    return [=](const std::string& text) { return is_valid(text) ? "" : wrong; };
}
const Check kAbsolute = must([](std::string_view text) { return text.starts_with('/'); }, "Please give a path from the root on, such as /srv/media.");
const Check kDuration = must([](std::string_view text) { return config::duration_from_text(text).has_value(); },
                             "Please give a number with its unit, such as 300s, 24h or 1y.");
const Check kFilled = must([](std::string_view text) { return !text.empty(); }, "This cannot be left empty.");

Check whole(int least, int most) {
    return [=](const std::string& text) {
        const bool digits = !text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == std::string::npos;
        return digits && std::stoi(text) >= least && std::stoi(text) <= most
                   ? ""
                   : "Please give a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".";
    };
}

/// One config in the making: its text and the secrets that go beside it.
class Wizard {
public:
    Wizard(Questions& questions, fs::path folder) : q_(questions), folder_(std::move(folder)) {}

    void ask_everything() {
        q_.say("Setting up mediaferry. Enter takes what stands in [brackets]; everything can be changed in the file later.");
        q_.say("There are no database credentials to give: media.db is a file on this machine.");
        ask_folders();
        ask_icloud();
        ask_phone();
        ask_nas();
        ask_compression();
    }

    const std::string& text() const { return text_; }
    /// The same without the keys that name files of secrets: those files are written last.
    const std::string& text_without_secrets() const { return without_secrets_; }
    const std::vector<std::pair<fs::path, std::string>>& secrets() const { return secrets_; }

private:
    void add(const std::string& text) {
        text_ += text;
        without_secrets_ += text;
    }
    void section(const std::string& name) { add("\n" + name + ":\n"); }
    void bare(const std::string& key, const std::string& value) { add("  " + key + ": " + value + "\n"); }
    void key(const std::string& name, const std::string& value) { bare(name, yaml_scalar(value)); }
    void asked(const std::string& name, const std::string& question, const std::string& usual, const Check& check) {
        key(name, q_.ask(question, usual, check));
    }

    /// A file beside the config, or the one that is there from an earlier time.
    void ask_secret(const std::string& key_name, const std::string& question, const std::string& file) {
        const bool stored = fs::exists(folder_ / file);
        const auto secret = q_.secret(question + (stored ? " (Enter: keep the stored one)" : " (Enter: later)"));
        if (!secret.empty()) secrets_.emplace_back(folder_ / file, secret);
        if (!secret.empty() || stored) text_ += "  " + key_name + ": " + file + "\n";
    }

    void ask_folders() {
        q_.say("\n-- Folders");
        add("# Written by mediaferry config setup. mediaferry config init shows every setting with its meaning.\n");
        add("database: " + yaml_scalar(q_.ask("Database file, on a local disk", "/var/lib/mediaferry/media.db", kAbsolute)) + "\n");
        section("folders");
        asked("root", "Folder for photos on their way", "/srv/media", kAbsolute);
        if (!q_.yes("Keep the usual names of the working folders (incoming, backup, pixel_sync, ...)?", true))
            for (const std::string name : {"incoming", "backup", "pixel_sync", "compress", "library", "delete_pending", "trash"})
                asked(name, "  " + name, name, kFilled);
        section("workflow");
        asked("cleanup_after", "Remove scratch files after", "24h", kDuration);
    }

    void ask_icloud() {
        q_.say("\n-- iCloud");
        section("icloud");
        asked("username", "Apple ID", "", kFilled);
        ask_secret("password_file", "Its password, kept in a file only you can read", "icloud_password");
        asked("domain", "Apple's domain (com, or cn for mainland China)", "com",
              must([](std::string_view text) { return text == "com" || text == "cn"; }, "Please answer com or cn."));
        asked("cookie_directory", "Folder for the signed-in session", "/var/lib/mediaferry/icloud", kAbsolute);
    }

    void ask_phone() {
        q_.say("\n-- Google Photos, through a Pixel phone and Syncthing");
        if (!q_.yes("Do photos go to a Pixel phone?", true)) {
            section("pixel");
            bare("enabled", "false");
            return;
        }
        section("syncthing");
        asked("api_url", "Syncthing's address", "http://127.0.0.1:8384",
              must([](std::string_view text) { return config::url_is_valid(text, "http https"); },
                   "Please give an address such as http://127.0.0.1:8384."));
        ask_secret("api_key_file", "Syncthing's API key (in Syncthing: Actions, Settings)", "syncthing_api_key");
        asked("pixel_folder_id", "ID of the folder shared with the phone", "pixel", kFilled);
        asked("timeout", "Wait for the phone in one run, at most", "300s", kDuration);
        section("pixel");
        bare("batch_files", q_.ask("Files on their way to the phone, at most", "5", whole(1, 1000000)));
    }

    void ask_nas() {
        q_.say("\n-- NAS");
        section("archive");
        if (!q_.yes("Are photos archived on a NAS?", true)) {
            bare("enabled", "false");
            return;
        }
        asked("root", "The archive's folder on the mounted NAS", "/mnt/nas/photos", kAbsolute);
        asked("layout", "Where a photo goes in it", "{year}/{month}/{filename}",
              must(config::layout_is_valid, "Please give a path such as {year}/{month}/{filename}."));
    }

    void ask_compression() {
        q_.say("\n-- Compression of the copies that stay at home");
        section("compress");
        if (!q_.yes("Make small copies?", true)) {
            bare("enabled", "false");
            return;
        }
        if (q_.yes("Use the usual tiers (under a year: light; under three years: medium; older: heavy)?", true)) {
            bare("enabled", "true");
            return;
        }
        const bool videos = q_.yes("Compress videos too?", true);
        add("  tiers:\n");
        for (const auto& tier : config::default_tiers()) ask_tier(tier, videos);
    }

    void ask_tier(const config::Tier& tier, bool videos) {
        std::string entry;
        if (tier.younger_than)
            entry +=
                "younger_than: " + q_.ask("  " + tier.name + ": for photos younger than", config::duration_to_text(*tier.younger_than), kDuration) +
                ", ";
        const auto quality = q_.ask("  " + tier.name + ": photo quality, 1 to 100, or keep", std::to_string(tier.photo.quality),
                                    [](const std::string& text) { return text == "keep" ? "" : whole(1, 100)(text); });
        entry += "photo: " + (quality == "keep" ? quality : "{quality: " + quality + (tier.photo.max_megapixels ? ", max_megapixels: 12}" : "}"));
        std::string video = "keep";
        if (videos && !tier.video.keep) {
            const auto crf = q_.ask("  " + tier.name + ": video quality (CRF, less is better), 1 to 51, or keep", std::to_string(tier.video.quality),
                                    [](const std::string& text) { return text == "keep" ? "" : whole(1, 51)(text); });
            if (crf != "keep")
                video = "{codec: hevc, quality: " + crf + (tier.video.max_long_edge ? ", max_long_edge: 1920" : "") + ", preset: fast}";
        }
        add("    - {" + entry + ", video: " + video + "}\n");
    }

    Questions& q_;
    fs::path folder_;
    std::string text_, without_secrets_;
    std::vector<std::pair<fs::path, std::string>> secrets_;
};

/// Moves the config that is there to the first free name beside it.
fs::path set_aside(const fs::path& target) {
    const auto kept = files::free_name(target.string() + ".before-setup", [](const fs::path& name) { return fs::exists(name); });
    files::move_file(target, kept);
    return kept;
}

void write_everything(const fs::path& target, const Wizard& wizard, Questions& questions) {
    fs::create_directories(fs::absolute(target).parent_path());
    for (const auto& [file, secret] : wizard.secrets()) files::replace_small_file(file, secret + "\n");
    if (fs::exists(target)) questions.say("\nThe config from before is kept as " + set_aside(target).string());
    write_new_file(target, wizard.text());
    questions.say("\nwritten: " + target.string());
    questions.say("Nothing is deleted from iCloud until icloud_delete.enabled is true. What comes next:");
    questions.say("  mediaferry doctor         says whether everything can be reached");
    questions.say("  mediaferry auth login     signs in to iCloud");
    questions.say("  mediaferry archive init   prepares the NAS");
}

}  // namespace

int config_setup(const fs::path& target, std::istream& in, std::ostream& out) {
    Questions questions{in, out};
    try {
        if (fs::exists(target) && !questions.yes(target.string() + " exists. Replace it?", false)) {
            questions.say("It is left as it is.");
            return 0;
        }
        Wizard wizard{questions, fs::absolute(target).parent_path()};
        wizard.ask_everything();
        config::parse(wizard.text_without_secrets(), target);
        write_everything(target, wizard, questions);
        return 0;
    } catch (const NoMoreAnswers&) {
        questions.say("\nThe answers ended early: nothing was written.");
        return kBadInput;
    } catch (const ConfigError& error) {
        questions.say("\nThese answers do not go together, so nothing was written:\n" + std::string{error.what()});
        return kConfig;
    }
}

}  // namespace mediaferry::daemon
