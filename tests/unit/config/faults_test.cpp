// SPDX-License-Identifier: GPL-3.0-or-later
#include <catch2/catch.hpp>

#include "common/config/faults.h"
#include "tests/unit/config/reading.h"

using namespace mediaferry;
using namespace mediaferry::test;

namespace {
struct Wrong {
    std::string text;  // below `icloud: {username: …}` in line 1
    std::string fault;
};
}  // namespace

TEST_CASE("each fault is told with its place, its key and what to write", "[config]") {
    const auto row = GENERATE(values<Wrong>({
        {"database: media.db", "m.yaml:2:11: database: \"media.db\" is not absolute (write a path from the root on, such as /srv/media)"},
        {"folders: {root: media}", "m.yaml:2:17: folders.root: \"media\" is not absolute (write a path from the root on, such as /srv/media)"},
        {"folders: {trash: \"\"}", "m.yaml:2:18: folders.trash: \"\" is empty (write a folder, relative to folders.root or absolute)"},
        {"archive: {rooot: /x}", "m.yaml:2:11: archive.rooot: unknown key (did you mean \"root\"?)"},
        {"archve: {root: /x}", "m.yaml:2:1: archve: unknown key (did you mean \"archive\"?)"},
        {"retry: {zzzzzzzzzz: 1}", "m.yaml:2:9: retry.zzzzzzzzzz: unknown key (the keys here are enabled, first, factor, max or attempts)"},
        {"workflow: {pixel_batch_size: 5}", "m.yaml:2:12: workflow.pixel_batch_size: unknown key (it is called \"pixel.batch_files\" now)"},
        {"log: {level: info, level: debug}", "m.yaml:2:20: log.level: is given twice, first in line 2 (keep one of the two)"},
        {"icloud: {username: b}", "m.yaml:2:1: icloud: is given twice, first in line 1 (keep one of the two)"},
        {"archive: {enabled: yes}", "m.yaml:2:20: archive.enabled: \"yes\" is neither true nor false (write true or false)"},
        {"archive: {enabled: }", "m.yaml:2:11: archive.enabled: has no value (write one, or remove the key for its default)"},
        {"archive: {root: [/a]}", "m.yaml:2:17: archive.root: is a list (write one value)"},
        {"archive: {root: \"smb://me:secret@nas/photos\"}",
         "m.yaml:2:17: archive.root: is neither absolute nor a share (write a path such as /mnt/nas/photos, or smb://server/share/path without a "
         "user in it)"},
        {"archive: {root: \"smb://nas/photos\", password: x}",
         "m.yaml:2:10: archive.user: is missing (write the name that the share smb://nas/photos knows)"},
        {"archive: {root: \"smb://nas/photos\", user: x}",
         "m.yaml:2:10: archive.password: is missing (write password_file: and the file that holds it, or give the credential archive_password)"},
        {"archive: {root: \"smb://nas/photos\", user: x, password: x, settle: 9m}",
         "m.yaml:2:67: archive.settle: 9m is too short for a share: the server may still hold a new file in its memory alone (write 10m or more, "
         "better 24h)"},
        {"archive: {encryption: yes}", "m.yaml:2:23: archive.encryption: \"yes\" is not known here (write wanted or off)"},
        {"archive: [a]", "m.yaml:2:10: archive: is a list (write its keys below it, indented)"},
        {"pixel: {kinds: {photo: yes}}", "m.yaml:2:16: pixel.kinds: is a map (write a list: [a, b])"},
        {"archive: {settle: 24}",
         "m.yaml:2:19: archive.settle: \"24\" is not a duration (write a number with its unit s, m, h, d or y, such as 24h)"},
        {"icloud_delete: {fresh_within: 0s}",
         "m.yaml:2:31: icloud_delete.fresh_within: \"0s\" is not a duration of 1s or more (write a number with its unit s, m, h, d or y, such as "
         "7d)"},
        {"pixel: {batch_bytes: lots}", "m.yaml:2:22: pixel.batch_bytes: \"lots\" is not a size (write a number with its unit, such as 4 GiB)"},
        {"icloud_delete: {max_share: 10}", "m.yaml:2:28: icloud_delete.max_share: \"10\" is not a share (write a whole percentage, such as 10%)"},
        {"archive: {processes: 0}", "m.yaml:2:22: archive.processes: \"0\" is not a whole number in range (write 1 to 64)"},
        {"retry: {factor: 0.5}", "m.yaml:2:17: retry.factor: \"0.5\" is not a number in range (write 1 to 100)"},
        {"retry: {first: 2h, max: 1h}", "m.yaml:2:25: retry.max: is shorter than retry.first (write 2h or more)"},
        {"retry: {enabled: false}", "m.yaml:2:18: retry.enabled: this cannot be switched off (write attempts: 1)"},
        {"pixel: {proof: dewlt}", "m.yaml:2:16: pixel.proof: \"dewlt\" is no proof level (write delivered, dwelt or freed)"},
        {"icloud_delete: {google_proof: seen}",
         "m.yaml:2:31: icloud_delete.google_proof: \"seen\" is no proof level (write delivered, dwelt or freed)"},
        {"compress: {confine: yes}", "m.yaml:2:21: compress.confine: \"yes\" is not known here (write required, wanted or off)"},
        {"pixel: {free_phone: soon}", "m.yaml:2:21: pixel.free_phone: \"soon\" is not known here (write never, freed or an age such as 14d)"},
        {"pixel: {kinds: [photo, film]}", "m.yaml:2:24: pixel.kinds[1]: \"film\" is no kind of file (write photo, raw, video, sidecar or other)"},
        {"icloud_delete: {approval: never}", "m.yaml:2:27: icloud_delete.approval: \"never\" is not known here (write manual or automatic)"},
        {"icloud_delete: {require: [moon]}", "m.yaml:2:27: icloud_delete.require[0]: \"moon\" is not known here (write nas or google)"},
        {"syncthing: {api_url: 127.0.0.1:8384}", "m.yaml:2:22: syncthing.api_url: is not an address (write http://host:port or https://host)"},
        {"notify: {webhook_url: hooks}", "m.yaml:2:23: notify.webhook_url: is not an address (write https://host/path, or \"\" for none)"},
        {"notify: {smtp: {url: smtps://mail:465, from: a@b}}", "m.yaml:2:16: notify.smtp.to: is missing (write a mail address)"},
        {"status: {listen: 8787}", "m.yaml:2:18: status.listen: \"8787\" is no address to listen on (write host:port, such as 127.0.0.1:8787)"},
        {"log: {level: loud}", "m.yaml:2:14: log.level: \"loud\" is not known here (write debug, info, warning or error)"},
        {"log: {format: json}", "m.yaml:2:15: log.format: \"json\" is not known here (write auto, journald or logfmt)"},
        {"archive: {trash: a/b}", "m.yaml:2:18: archive.trash: \"a/b\" is not a folder's name (write one name, such as _Trash)"},
        {"archive: {layout: \"{week}\"}",
         "m.yaml:2:19: archive.layout: \"{week}\" is no layout (write a relative path with {filename} last, of {year}, {month}, {day}, {kind} and "
         "{account})"},
        {"schedule: {nas_archive: evry 10m}",
         "m.yaml:2:25: schedule.nas_archive: \"evry 10m\" is no schedule (write five cron fields, such as \"0 2 * * *\", or every 10m)"},
        {"schedule: {windows: [22-6]}", "m.yaml:2:22: schedule.windows[0]: \"22-6\" is no time of day (write \"22:00-06:00\", in quotes)"},
        {"folders: {trash: backup}",
         "m.yaml:2:18: folders.trash: is the same folder as folders.backup, /srv/media/backup (write a folder of its own)"},
        {"folders: {library: pixel_sync/small}",
         "m.yaml:2:20: folders.library: lies inside folders.pixel_sync, /srv/media/pixel_sync (write a folder of its own)"},
        {"archive: {root: /srv/media/trash/../trash/}",
         "m.yaml:2:17: archive.root: lies inside folders.trash, /srv/media/trash (write a folder of its own)"},
        {"pixel: {enabled: false}\nicloud_delete: {require: [nas, google]}",
         "m.yaml:3:26: icloud_delete.require: google cannot be required while pixel.enabled is false (take google out, or write pixel.enabled: "
         "true)"},
        {"archive: {enabled: false}\nicloud_delete: {require: nas}",
         "m.yaml:3:26: icloud_delete.require: nas cannot be required while archive.enabled is false (take nas out, or write archive.enabled: true)"},
        {"icloud_delete: {enabled: true, require: []}",
         "m.yaml:2:41: icloud_delete.require: is empty: without any harbour nothing is ever deleted (write [nas], [google] or [nas, google])"},
        {"archive: {enabled: false}\nsyncthing: {enabled: false}\nicloud_delete: {enabled: true}",
         "m.yaml:4:26: icloud_delete.enabled: without any harbour nothing is ever deleted: archive.enabled and syncthing.enabled are false (write "
         "icloud_delete: {enabled: false})"},
        {"compress: {tiers: []}", "m.yaml:2:19: compress.tiers: is empty (remove it for the defaults, or write compress: {enabled: false})"},
        {"compress: {tiers: [{younger_than: 1y, photo: keep}]}",
         "m.yaml:2:35: compress.tiers[0].younger_than: what is older has no tier (remove younger_than from the last tier)"},
        {"compress: {tiers: [{photo: keep}, {photo: keep}]}",
         "m.yaml:2:20: compress.tiers[0]: has no younger_than, so the tiers after it are never reached (write younger_than, or move it to the end)"},
        {"compress: {tiers: [{younger_than: 3y}, {younger_than: 1y}, {photo: keep}]}",
         "m.yaml:2:55: compress.tiers[1].younger_than: 1y is not more than 3y of the tier before (write the tiers from young to old)"},
        {"compress: {tiers: [{photo: {quality: 101}}]}",
         "m.yaml:2:38: compress.tiers[0].photo.quality: \"101\" is not a whole number in range (write 1 to 100)"},
        {"compress: {tiers: [{photo: {floor: 96}}]}", "m.yaml:2:36: compress.tiers[0].photo.floor: \"96\" is not a number in range (write 0.5 to 0.9999)"},
        {"compress: {tiers: [{photo: {lossless: true, max_megapixels: 12}}]}",
         "m.yaml:2:61: compress.tiers[0].photo.max_megapixels: takes pixels away, and lossless is to keep them all (remove one of the two)"},
        {"compress: {tiers: [{photo: small}]}", "m.yaml:2:28: compress.tiers[0].photo: is one value (write keep, or {quality: …})"},
        {"compress: {tiers: [{video: {codec: divx}}]}",
         "m.yaml:2:36: compress.tiers[0].video.codec: \"divx\" is not known here (write hevc, av1 or h264)"},
        {"compress: {tiers: [{video: {quality: 60}}]}", "m.yaml:2:38: compress.tiers[0].video.quality: is out of range for hevc (write 1 to 51)"},
        {"compress: {tiers: [keep]}", "m.yaml:2:20: compress.tiers[0]: is one value (write {…})"},
        {"archive: {root: /a", "m.yaml:3:1: yaml: end of map flow not found (look at the indentation, and put quotes around odd text)"},
    }));
    CAPTURE(row.text);
    CHECK(faults_in(kUser + row.text + "\n") == row.fault);
}

TEST_CASE("a text that is no map of sections is told as such", "[config]") {
    CHECK(faults_in("- icloud\n") == "m.yaml:1:1: yaml: the file is no map of sections (write icloud: and its keys below it)");
    CHECK(faults_in("icloud:\n\tusername: x\n") == "m.yaml:2:10: yaml: illegal map value (look at the indentation, and put quotes around odd text)");
    // Nine bytes in which the YAML library finds documents without end, until the memory is used up.
    CHECK(faults_in(",0*\n~*Y\n\xdf").find("m.yaml:") == 0);
    CHECK(faults_in(kUser + "---\nlog: {}\n") == "m.yaml:3:1: yaml: a second document begins here (remove the line ---)");
    CHECK(faults_in("folders: {root: /srv/\x86}\n") == "m.yaml:1:17: yaml: holds a byte that is no UTF-8 (save the file as UTF-8)");
    CHECK(faults_in("\xC0\xAF: 1\n") == "m.yaml:1:1: yaml: holds a byte that is no UTF-8 (save the file as UTF-8)");
    CHECK(faults_in("a: &x [*x]\n") == "m.yaml:1:4: yaml: is nested too deeply or repeats itself without end (write the values out)");
}

TEST_CASE("the Apple ID is asked for unless iCloud is off", "[config]") {
    const std::string missing = "icloud.username: is missing (write your Apple ID, such as you@example.com, or icloud: {enabled: false})";
    CHECK(faults_in("") == "m.yaml:1:1: " + missing);
    CHECK(faults_in("log: {}\nicloud: {domain: com}\n") == "m.yaml:2:9: " + missing);
    CHECK(faults_in("icloud: {enabled: false}\n").empty());
}

TEST_CASE("all faults are told at once, in the order of the file", "[config]") {
    CHECK(faults_in("log: {level: loud}\n"
                    "database: here\n"
                    "icloud: {username: me, usrname: me, domain: de}\n") ==
          "m.yaml:1:14: log.level: \"loud\" is not known here (write debug, info, warning or error)\n"
          "m.yaml:2:11: database: \"here\" is not absolute (write a path from the root on, such as /srv/media)\n"
          "m.yaml:3:24: icloud.usrname: unknown key (did you mean \"username\"?)\n"
          "m.yaml:3:45: icloud.domain: \"de\" is not known here (write com or cn)");
}

TEST_CASE("a fault never repeats what may be a password", "[config]") {
    CHECK(faults_in(kUser + "syncthing: {api_url: \"user:hunter2@host\"}\n").find("hunter2") == std::string::npos);
    CHECK(faults_in("icloud: {username: me, password: [hunter2]}\n") == "m.yaml:1:34: icloud.password: is a list (write one value)");
    CHECK(faults_in("icloud: {username: me, command: [icloudpd, --password, hunter2]}\n") ==
          "m.yaml:1:33: icloud.command: an argument gives the password, which every user of this machine can then read (write password_file)");
    CHECK(faults_in("icloud: {username: me, password: *hunter2}\n").find("hunter2") == std::string::npos);
}

TEST_CASE("the nearest key is one that could have been meant", "[config]") {
    const std::vector<std::string> keys{"root", "layout", "processes", "settle"};
    CHECK(config::nearest("rooot", keys) == "root");
    CHECK(config::nearest("proceses", keys) == "processes");
    CHECK(config::nearest("layuot", keys) == "layout");
    CHECK(config::nearest("database", keys).empty());
    CHECK(config::nearest("x", keys).empty());
}
