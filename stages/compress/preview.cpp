// SPDX-License-Identifier: GPL-3.0-or-later
#include "stages/compress/preview.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "common/clock/clock.h"
#include "common/files/files.h"
#include "stages/compress/policy.h"
#include "stages/compress/tiers.h"
#include "stages/compress/workshop.h"

namespace mediaferry::stages {
namespace {

using json_t = nlohmann::ordered_json;

struct Wish {
    std::vector<fs::path> files;
    std::optional<std::string> tier;
    std::optional<fs::path> with;  ///< a small copy that is there already
    bool from_copy = false;        ///< the files are small copies whose originals are away
    fs::path to{"mediaferry-preview"};
};

[[noreturn]] void usage(const std::string& what) { throw UsageError{"usage.compress", what + "; see mediaferry compress --help"}; }

Wish wish_from(const std::vector<std::string>& words) {
    Wish wish;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        const bool named = word == "--tier" || word == "--to" || word == "--with";
        if (named && i + 1 == words.size()) usage(word + " needs a " + (word == "--tier" ? "tier's name" : word == "--to" ? "folder" : "file"));
        if (word == "--tier")
            wish.tier = words[++i];
        else if (word == "--to")
            wish.to = words[++i];
        else if (word == "--with")
            wish.with = words[++i];
        else if (word == "--from-copy")
            wish.from_copy = true;
        else if (word.starts_with("--"))
            usage("unknown option " + word);
        else
            wish.files.emplace_back(word);
    }
    if (wish.files.empty()) usage("say which files: mediaferry compress preview FILE… [--tier NAME] [--to DIR]");
    if (wish.with && wish.files.size() > 1) usage("--with goes with one file: the original of that small copy");
    return wish;
}

const config::Tier& tier_named(const config::Compress& settings, const std::string& name) {
    const auto found = std::ranges::find(settings.tiers, name, &config::Tier::name);
    if (found != settings.tiers.end()) return *found;
    std::string known;
    for (const auto& tier : settings.tiers) known += (known.empty() ? "" : ", ") + tier.name;
    usage("no tier '" + name + "' in the config (there is: " + known + ")");
}

bool is_clip(const fs::path& file) {
    auto extension = file.extension().string();
    std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".mov" || extension == ".mp4" || extension == ".m4v";
}

/// What came of one file.
struct Trial {
    fs::path file, small, picture;
    std::string tier;
    Bytes before, after;
    std::optional<Reason> kept;    ///< as the stage would keep it
    std::optional<Reason> failed;  ///< it could not be tried
    std::string how;
    double psnr = 0, cpu_seconds = 0, seconds = 0;
    Bytes peak_memory;
    std::map<std::string, double> measures;
};

class Preview {
public:
    Preview(const stage::VerbCall& call, const Wish& wish) : call_(call), settings_(call.settings.compress), wish_(wish), workshop_(settings_) {
        if (wish_.tier) tier_named(settings_, *wish_.tier);  // a typing error is told before a folder is made
        files::make_directories(wish_.to);
    }

    Trial of(const fs::path& file) const {
        Trial trial;
        trial.file = file;
        try {
            attempt(trial);
        } catch (const Interrupted&) {
            throw;
        } catch (const Unavailable&) {
            throw;
        } catch (const Error& error) {
            trial.failed = error.reason();
        }
        return trial;
    }

private:
    void attempt(Trial& trial) const {
        if (!files::is_file(trial.file)) throw BadInput{"preview.file", "there is no file " + trial.file.string()};
        const auto digests = files::digest_file(trial.file);
        const auto taken = Timestamp{std::chrono::seconds{files::status_of(trial.file)->st_mtim.tv_sec}};
        const auto& tier = wish_.tier ? tier_named(settings_, *wish_.tier) : tier_for(settings_, taken, SystemClock{}.now());
        trial.tier = tier.name;
        trial.before = trial.after = digests.size;
        const bool clip = is_clip(trial.file);
        if (wish_.with) return show_with(trial, order_for(trial.file, digests, tier), *wish_.with);
        if (clip ? tier.video.keep : tier.photo.keep) {
            trial.kept = Reason{"compress.tier", "tier " + tier.name + " keeps " + (clip ? "videos" : "photos") + " as they are"};
            return;
        }
        auto order = order_for(trial.file, digests, tier);
        order.from_copy = wish_.from_copy;
        make(trial, std::move(order), least_saving(settings_, tier, clip ? MediaKind::video : MediaKind::photo));
    }

    static Order order_for(const fs::path& file, const files::Digests& digests, const config::Tier& tier) {
        Order order;
        order.task = is_clip(file) ? Order::Task::video : Order::Task::photo;
        order.size = digests.size;
        order.sha256 = digests.sha256;
        order.extension = file.extension().string();
        order.photo = tier.photo;
        order.video = tier.video;
        return order;
    }

    void show_with(Trial& trial, const Order& order, const fs::path& small) const {
        if (!files::is_file(small)) throw BadInput{"preview.file", "there is no file " + small.string()};
        trial.tier = "-";
        trial.small = small;
        trial.after = Bytes{fs::file_size(small)};
        trial.how = "made by others";
        show(trial, order);
    }

    void make(Trial& trial, Order order, const LeastSaving& least) const {
        const auto extension = order.task == Order::Task::video ? video_extension(trial.file, order.video) : order.extension;
        auto small = free_name(trial.file.stem().string() + "." + trial.tier + extension);
        order.container = container_of(small);
        const auto made = workshop_.make(order, trial.file, small, call_.stop);
        trial.how = made.how;
        trial.psnr = made.psnr;
        trial.cpu_seconds = made.cpu_seconds;
        trial.seconds = made.seconds;
        trial.peak_memory = made.peak_memory;
        trial.measures = made.measures;
        trial.kept = made.kept;
        if (made.kept) return;
        if (!made.extension.empty() && made.extension != small.extension()) {  // only its codec knew what it would become
            const auto renamed = free_name(trial.file.stem().string() + "." + trial.tier + made.extension);
            files::move_file(small, renamed);
            small = renamed;
        }
        trial.small = small;
        trial.after = Bytes{fs::file_size(small)};
        if (!least.met(trial.before, trial.after)) trial.kept = Reason{"compress.not_worth_it", "the small copy would save too little"};
        show(trial, order);
    }

    /// The pictures of both. A kind that cannot be shown is no failure of the trial.
    void show(Trial& trial, const Order& order) const {
        const auto picture = free_name(trial.file.stem().string() + "." + trial.tier + ".png");
        const auto shown = workshop_.look(order, trial.file, trial.small, picture, call_.stop);
        if (shown.kept) {
            std::cerr << trial.file.string() << ": no picture: " << shown.kept->text << "\n";
            return;
        }
        trial.picture = picture;
        if (order.task == Order::Task::photo || trial.psnr == 0) trial.psnr = shown.psnr;
        for (const auto& [name, value] : shown.measures) trial.measures[name] = value;
    }

    fs::path free_name(const std::string& name) const {
        return files::free_name(wish_.to / name, [](const fs::path& path) { return files::status_of(path).has_value(); });
    }

    const stage::VerbCall& call_;
    const config::Compress& settings_;
    const Wish& wish_;
    Workshop workshop_;
};

json_t as_json(const Trial& trial) {
    json_t out{{"file", trial.file.string()}, {"tier", trial.tier}, {"bytes_before", trial.before.count}, {"bytes_after", trial.after.count}};
    if (trial.failed) out["failed"] = {{"code", trial.failed->code}, {"text", trial.failed->text}};
    if (trial.kept) out["kept"] = {{"code", trial.kept->code}, {"text", trial.kept->text}};
    if (!trial.small.empty()) out.update({{"small", trial.small.string()}, {"how", trial.how}, {"psnr", trial.psnr}});
    if (!trial.picture.empty()) out["picture"] = trial.picture.string();
    out.update({{"cpu_seconds", trial.cpu_seconds}, {"seconds", trial.seconds}, {"peak_memory", trial.peak_memory.count}});
    out["measures"] = trial.measures;
    return out;
}

std::string number(const Trial& trial, const char* name, const char* format) {
    const auto found = trial.measures.find(name);
    if (found == trial.measures.end()) return "–";
    char text[32];
    std::snprintf(text, sizeof text, format, found->second);
    return text;
}

/// Padded by what a reader sees, not by bytes.
std::string cell(const std::string& text, std::size_t width) {
    const auto seen = static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    return std::string(width > seen ? width - seen : 0, ' ') + text;
}

void print(const Trial& trial) {
    std::cout << files::printable(trial.file.filename().string()) << ", " << (trial.tier.empty() ? "no tier" : trial.tier) << ": ";
    if (trial.failed) {
        std::cout << "not tried: " << trial.failed->text << "\n";
        return;
    }
    if (trial.small.empty()) {
        std::cout << "kept as it is: " << trial.kept->text << "\n";
        return;
    }
    char saving[16], psnr[16], cpu[16];
    std::snprintf(saving, sizeof saving, "%.1f%%", 100.0 * (1 - static_cast<double>(trial.after.count) / static_cast<double>(trial.before.count)));
    std::snprintf(psnr, sizeof psnr, "%.2f", trial.psnr);
    std::snprintf(cpu, sizeof cpu, "%.2f", trial.cpu_seconds);
    std::cout << trial.how << (trial.kept ? "; would be kept as it is: " + trial.kept->text : "") << "\n"
              << cell(to_text(trial.before), 12) << cell(to_text(trial.after), 12) << cell(saving, 8) << cell(number(trial, "ssim_p5", "%.4f"), 9)
              << cell(number(trial, "ssim", "%.4f"), 9) << cell(psnr, 8) << cell(number(trial, "quality", "%.0f"), 6) << cell(cpu, 8)
              << cell(number(trial, "fields_kept", "%.0f") + " of " + number(trial, "fields", "%.0f"), 12) << "\n";
    std::cout << "    " << trial.small.string() << (trial.picture.empty() ? "" : "  " + trial.picture.string()) << "\n";
}

}  // namespace

int preview(const stage::VerbCall& call) {
    const auto wish = wish_from({call.words.begin() + 1, call.words.end()});
    const Preview work{call, wish};
    if (!call.json)
        std::cout << cell("before", 12) << cell("after", 12) << cell("saved", 8) << cell("worst", 9) << cell("SSIM", 9) << cell("PSNR", 8)
                  << cell("Q", 6) << cell("CPU s", 8) << cell("fields kept", 12) << "\n";
    json_t all = json_t::array();
    bool failed = false;
    for (const auto& file : wish.files) {
        const auto trial = work.of(file);
        failed = failed || trial.failed;
        if (call.json)
            all.push_back(as_json(trial));
        else
            print(trial);
    }
    if (call.json)
        std::cout << all.dump(2, ' ', false, json_t::error_handler_t::replace) << "\n";
    else
        std::cout
            << "worst: 5th percentile of the SSIM of 64x64 tiles, or of a clip's pictures. In each PNG: before on the left, after on the right;\n"
               "above where they differ most, below the middle, one pixel for one pixel.\n";
    return failed ? 1 : 0;
}

}  // namespace mediaferry::stages
