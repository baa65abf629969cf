#pragma once
// SPDX-License-Identifier: GPL-3.0-or-later
// Everything the config file can say (DESIGN section 5; config/mediaferry.yaml shows every key), typed, with its defaults.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/backoff.h"
#include "common/types/bytes.h"
#include "common/types/fs.h"
#include "common/types/kinds.h"
#include "common/types/share_address.h"

namespace mediaferry::config {

using std::chrono::seconds;

/// A secret's value as found (file, environment, credential or plain); `present` is false when the config names none.
struct Secret {
    bool present = false;
    std::string value;
    std::string source;  ///< "password_file /etc/…", for messages; never the value
};

struct Folders {  ///< all absolute once loaded
    fs::path root, incoming, backup, pixel_sync, compress, library, delete_pending, trash;
};

struct Workflow {
    bool prefix_names = false;
    seconds cleanup_after = std::chrono::hours{24};
    seconds trash_kept = std::chrono::hours{24 * 30};  ///< both trashes: folders.trash and archive.trash
};

struct ICloud {
    bool enabled = true;
    std::string username;
    Secret password;
    std::vector<std::string> command{"icloudpd"};
    std::map<std::string, std::string> environment;
    fs::path cookie_directory{"/var/lib/mediaferry/icloud"};
    std::string domain = "com";  ///< or "cn"
    std::string setup_url = "https://setup.icloud.com/setup/ws/1";
    std::string proxy;
    fs::path ca_file;
    std::string folder_structure = "{:%Y/%m}";
    std::string album = "DeletePending";
    int recent = 0;                              ///< icloudpd --recent N; 0: everything
    seconds silence = std::chrono::minutes{15};  ///< watchdog: icloudpd is ended after this long without a line
};

struct Syncthing {
    bool enabled = true;
    std::string api_url = "http://127.0.0.1:8384";
    Secret api_key;
    std::string pixel_folder_id = "pixel";
    std::string pixel_device_id;
    fs::path ca_file;
    seconds timeout = seconds{300};  ///< pixel_verify waits this long in one run for files to arrive
};

/// The proof levels of I3, in order.
enum class PixelProof { delivered, dwelt, freed };
std::string_view to_text(PixelProof);
std::optional<PixelProof> pixel_proof_from_text(std::string_view);

struct FreePhone {
    enum class When { never, freed, age } when = When::freed;
    seconds age{0};  ///< for When::age
};

struct Pixel {
    bool enabled = true;  ///< false: pixel_sync and pixel_verify are passed over
    int batch_files = 5;
    Bytes batch_bytes{4ULL << 30};
    PixelProof proof = PixelProof::dwelt;
    seconds dwell = std::chrono::hours{48};
    FreePhone free_phone;
    std::vector<MediaKind> kinds{MediaKind::photo, MediaKind::raw, MediaKind::video};  ///< what is sent
};

struct Archive {
    bool enabled = true;
    fs::path root{"/mnt/nas/photos"};  ///< or "smb://server/share/path", without a mount (types/share_address.h)
    std::string user, domain;          ///< of the share
    Secret password;
    ShareEncryption encryption = ShareEncryption::wanted;
    std::string layout = "{year}/{month}/{filename}";
    int processes = 2;
    seconds settle = std::chrono::hours{24};
    std::string trash = "_Trash";
};

/// `mediaferry compare` and `queue`.
struct Compare {
    fs::path local;  ///< empty: folders.backup
    int depth = 2;   ///< folders that make a target's name
    struct Rules {
        std::string name;
        std::vector<std::string> include, exclude;
    };
    std::vector<Rules> rules{{"images", {}, {"WBPP", "Processing"}}, {"wip", {"WBPP", "Processing"}, {}}};
    struct FileClass {
        std::string name;
        std::vector<std::string> paths;
    };
    std::vector<FileClass> classes{{"flats", {"_FlatWizard"}}};
    std::vector<std::string> leave_out{"flats"};  ///< classes that an action leaves out unless it is told to take them
    std::vector<std::string> transit;             ///< targets that only pass through the NAS
};

/// What a tier does with one kind of file.
struct PhotoTier {
    bool keep = false;                     ///< the original bytes
    int quality = 92;                      ///< the highest JPEG quality tried, 1-100
    std::optional<double> max_megapixels;  ///< larger photos are reduced to this
    bool lossless = false;                 ///< only packed better: every pixel stays what it was
    double floor = 0.965;                  ///< how alike the worst part must look: 5th percentile of the SSIM of 64 x 64 tiles, 0-1
    int min_quality = 50;                  ///< the lowest tried; where it is above `quality`, that one alone is tried
    std::string png = "optimise";          ///< keep | optimise: packed better, every pixel as it was
    bool jpeg_xl = false;                  ///< a JPEG becomes a JPEG XL that it can be restored from, instead of being made coarser
    std::string heic = "keep";             ///< keep | reduce: one that has more pixels than `max_megapixels` and nothing beside them is made again
};
struct VideoTier {
    bool keep = false;
    std::string codec = "hevc";        ///< hevc | av1 | h264
    int quality = 26;                  ///< CRF: where the search for the floor begins; without a floor it is the one
    std::optional<int> max_long_edge;  ///< pixels
    std::string preset = "fast";
    double floor = 0.98;         ///< 5th percentile of the frames' luma SSIM that the finished copy must reach; 0: none, `quality` as it is
    std::optional<int> min_crf;  ///< bounds of the search; absent: those of the codec
    std::optional<int> max_crf;
    int efficient_saving_percent = 60;  ///< what is HEVC, AV1 or VP9 already is only made again if it saves this share
    std::string dolby_vision = "keep";  ///< keep | base_layer: made again without what Dolby Vision adds, where the rest is HLG, HDR10 or SDR
};
struct Tier {
    std::string name;                     ///< "light", "medium", "heavy" or "tier 4": by position
    std::optional<seconds> younger_than;  ///< absent: everything older
    PhotoTier photo;
    VideoTier video;
    std::optional<Bytes> minimum_saving;              ///< absent: compress.minimum_saving
    std::optional<int> minimum_saving_percent;        ///< absent: compress.minimum_saving_share
    std::optional<int> minimum_saving_percent_video;  ///< absent: as for photos
};
/// What becomes of a file whose turn has come, but whose original is only on a NAS that is away.
enum class ArchiveAway { wait, copy };
/// Walls around the programs that decode photos and clips (Landlock, seccomp).
enum class Confine { required, wanted, off };

struct Compress {
    bool enabled = true;
    int processes = 0;  ///< 0: one per core
    std::vector<Tier> tiers;
    seconds tier_change_every = std::chrono::hours{24 * 90};  ///< a file changes its tier at most once in that time
    ArchiveAway when_archive_is_away = ArchiveAway::wait;     ///< copy: a JPEG goes on from its small copy, and is made again when the NAS is back
    bool idle = true;                                         ///< codecs take only the processor and disk time that nobody else wants
    int minimum_saving_percent = 5;
    Bytes minimum_saving{64ULL << 10};
    seconds deadline = std::chrono::hours{2};  ///< for one file
    Bytes memory{3ULL << 30};                  ///< address space above what the codec program has at its start
    Confine confine = Confine::wanted;         ///< required: where the kernel cannot confine, nothing is decoded
};

struct ICloudDelete {
    bool enabled = false;
    enum class Approval { manual, automatic } approval = Approval::manual;
    int keep_days = 30;  ///< an asset stays in iCloud for this many days after it was taken and added, whichever is later
    std::vector<std::string> require{"nas", "google"};
    PixelProof google_proof = PixelProof::freed;
    seconds fresh_within = std::chrono::hours{24 * 7};
    int max_per_run = 500;
    int max_share_percent = 10;  ///< of the assets that iCloud lists, per run
    bool requires_nas() const;
    bool requires_google() const;
};

struct Exchange {
    bool enabled = true;
    std::vector<std::string> remote_sources;   ///< ids of Syncthing folders that other archives fill
    seconds every = std::chrono::minutes{10};  ///< the daemon looks into them
};

struct Schedule {
    std::map<std::string, std::string> of;  ///< stage -> cron expression or "every D"; once loaded every stage has one
    std::vector<std::string> windows;       ///< "22:00-06:00", local time; empty: always
};

struct Smtp {
    std::string url, from, to, username;  ///< url: smtp(s)://host:port
    Secret password;
};
struct Notify {
    bool enabled = true;  ///< false: nobody is told; all below is empty once loaded
    std::string ntfy_url, webhook_url, healthchecks_url;
    Smtp smtp;
    std::vector<std::string> command;
    Secret ntfy_token;
};

struct Status {
    bool enabled = true;
    std::string listen = "127.0.0.1:8787";
};

struct Log {
    std::string level = "info", format = "auto";
};

struct Settings {
    fs::path file;  ///< where it was read from
    fs::path database{"/var/lib/mediaferry/media.db"};
    Folders folders;
    Workflow workflow;
    ICloud icloud;
    Syncthing syncthing;
    Pixel pixel;
    Archive archive;
    Compare compare;
    bool processing_enabled = true;
    bool icloud_mark_enabled = true;
    bool cleanup_enabled = true;
    Compress compress;
    ICloudDelete icloud_delete;
    Exchange exchange;
    Schedule schedule;
    Backoff retry;
    Notify notify;
    Status status;
    Log log;
    std::vector<std::string> warnings;  ///< "file:line:column: key: …", e.g. a plain secret in a readable file

    /// Whether a stage of stages/house runs at all: its section's `enabled`, and that of what it needs
    /// (pixel_sync and pixel_verify: pixel and syncthing; icloud_*: icloud).
    bool stage_enabled(std::string_view stage) const;
    /// Worker processes a stage may run at once (>= 1).
    int processes(std::string_view stage) const;
    /// The folder "state" beside the database: locks, run scratch and backups of media.db live there.
    fs::path state_directory() const;
};

/// Reads and checks the file. Throws ConfigError ("config.invalid") with every fault, one per line, as
/// `file:line:column: key: what is wrong (what to write)`; "config.missing" when there is no such file.
Settings load(const fs::path& file);
/// Reads from text, as load() would from a file called `name`.
Settings parse(const std::string& text, const fs::path& name);
/// The commented default config (config/mediaferry.yaml), as `config init` writes it.
std::string_view example();
/// Every key with its value in force, as YAML; secrets as "(set, from …)".
std::string show(const Settings&);
/// The same as one JSON object.
std::string show_json(const Settings&);

/// What Settings have when the file says nothing of them.
std::vector<Tier> default_tiers();
/// All that a tier says of its "photo" or "video", as JSON; the same text for the same rules, whatever the file looks like.
std::string rules_of(const Tier&, std::string_view kind);
std::map<std::string, std::string> default_schedule();

/// "30d", "1h 30m", "90s", "48h", "1y" (365 days), "0s". nullopt: not a duration.
std::optional<seconds> duration_from_text(std::string_view);
/// "4 GiB", "20 MB", "1024". nullopt: not a size.
std::optional<Bytes> bytes_from_text(std::string_view);

}  // namespace mediaferry::config
