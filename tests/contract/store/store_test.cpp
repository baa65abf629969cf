// SPDX-License-Identifier: GPL-3.0-or-later
// What every store promises (common/files/store.h), whatever lies behind it.
#include "tests/contract/store/stores.h"

#include "common/errors/errors.h"

using namespace mediaferry;
using test::AnyStore;
using test::AtHome;
using test::code_of_error;
using test::noise;
using test::read;

namespace {

const Timestamp kTime = *from_iso("2024-06-01T10:00:00Z");

std::vector<std::string> names_on(const fs::path& disk) { return files::Tree::open(disk).list(""); }

}  // namespace

TEST_CASE("A copied file has its bytes, its time, and the digest of what was read", "[store]") {
    AnyStore store;
    const auto content = noise(3'000'001, 1);
    const AtHome home{content};
    std::uint64_t moved = 0;
    const auto copied = store->copy_in(home.fd(), "a.jpg", kTime, {}, [&](Bytes bytes) { moved += bytes.count; });
    CHECK(copied == test::digests_of(content));
    CHECK(moved == content.size());
    CHECK(read(store.disk / "a.jpg") == content);
    CHECK(fs::last_write_time(store.disk / "a.jpg") == kTime.time_since_epoch().count());
    const auto status = store->status("a.jpg");
    REQUIRE(status);
    CHECK(S_ISREG(status->st_mode));
    CHECK(status->st_size == 3'000'001);
    CHECK(status->st_mtim.tv_sec == kTime.time_since_epoch().count());
}

TEST_CASE("Several files on their way at once are each complete when they are settled", "[store]") {
    AnyStore store;
    std::vector<std::unique_ptr<files::Arriving>> arriving;
    for (std::uint32_t i = 0; i < 20; ++i)
        arriving.push_back(store->write_in(AtHome{noise(1000 + i * 100'000, i)}.fd(), "a" + std::to_string(i) + ".part", kTime));
    for (auto& one : arriving) one->depart();
    for (auto& one : arriving) one->settle();
    for (std::uint32_t i = 0; i < 20; ++i) {
        const auto name = "a" + std::to_string(i) + ".part";
        CHECK(arriving[i]->digests() == test::digests_of(noise(1000 + i * 100'000, i)));
        CHECK(store->read_back(name).digests == arriving[i]->digests());
        CHECK(fs::last_write_time(store.disk / name) == kTime.time_since_epoch().count());
    }
}

TEST_CASE("A new file is never made over one that is there", "[store]") {
    AnyStore store;
    test::write(store.disk / "a.jpg", "theirs");
    const AtHome home{"ours"};
    CHECK(code_of_error([&] { store->copy_in(home.fd(), "a.jpg", kTime); }) == "file.exists");
    CHECK(code_of_error([&] { store->write_new("a.jpg", "ours"); }) == "file.exists");
    CHECK(read(store.disk / "a.jpg") == "theirs");
}

TEST_CASE("A rename never overwrites, and leaves both files as they were", "[store]") {
    AnyStore store;
    test::write(store.disk / "new.part", "ours");
    test::write(store.disk / "a.jpg", "theirs");
    CHECK(code_of_error([&] { store->rename_new("new.part", "a.jpg"); }) == "file.exists");
    CHECK(read(store.disk / "a.jpg") == "theirs");
    CHECK(read(store.disk / "new.part") == "ours");
    store->rename_new("new.part", "b.jpg");
    CHECK(read(store.disk / "b.jpg") == "ours");
    CHECK(names_on(store.disk) == std::vector<std::string>{"a.jpg", "b.jpg"});
}

TEST_CASE("A rename of a file that is not there makes nothing", "[store]") {
    AnyStore store;
    CHECK(code_of_error([&] { store->rename_new("absent", "a.jpg"); }) == "file.missing");
    CHECK(names_on(store.disk).empty());
}

TEST_CASE("A book is replaced as a whole", "[store]") {
    AnyStore store;
    store->write_new("book", "old");
    store->write_new("book.part", "new");
    store->replace("book.part", "book");
    CHECK(store->read_small("book") == "new");
    CHECK(names_on(store.disk) == std::vector<std::string>{"book"});
}

TEST_CASE("Reading back gives what lies on the storage now, not what was written", "[store]") {
    AnyStore store;
    const AtHome home{noise(2'000'000, 2)};
    const auto copied = store->copy_in(home.fd(), "a.jpg", kTime);
    auto back = store->read_back("a.jpg");
    CHECK(back.past_the_cache);
    CHECK(back.digests == copied);
    auto bytes = read(store.disk / "a.jpg");
    bytes[1'234'567] ^= 1;
    test::write(store.disk / "a.jpg", bytes);
    back = store->read_back("a.jpg");
    CHECK(back.digests.sha256 == test::digests_of(bytes).sha256);
    CHECK(store->digest("a.jpg").sha256 == test::digests_of(bytes).sha256);
}

TEST_CASE("A file is brought home with its digest", "[store]") {
    AnyStore store;
    const auto content = noise(1'500'000, 3);
    test::write(store.disk / "2024/a.jpg", content);
    test::TempDir home;
    const auto copied = store->copy_out("2024/a.jpg", files::Tree::open(home.path()), "here.jpg", kTime);
    CHECK(copied == test::digests_of(content));
    CHECK(read(home / "here.jpg") == content);
    CHECK(fs::last_write_time(home / "here.jpg") == kTime.time_since_epoch().count());
}

TEST_CASE("A copy that is stopped leaves nothing", "[store]") {
    AnyStore store;
    const AtHome home{noise(3'000'000, 4)};
    int asked = 0;
    CHECK_THROWS_AS(store->copy_in(home.fd(), "a.jpg", kTime, [&] { return ++asked > 2; }), Interrupted);
    CHECK(names_on(store.disk).empty());
}

TEST_CASE("What is not there is told as such, and may be removed", "[store]") {
    AnyStore store;
    CHECK_FALSE(store->status("absent"));
    CHECK_FALSE(store->status("absent/too"));
    store->remove("absent");
    store->remove("absent/too");
    store->remove_empty_directory("absent");
    CHECK(code_of_error([&] { store->read_back("absent"); }) == "file.missing");
}

TEST_CASE("Folders are made on the way, and go when they are empty", "[store]") {
    AnyStore store;
    store->make_directories("a/b/c");
    store->make_directories("a/b/c");
    CHECK(fs::is_directory(store.disk / "a/b/c"));
    store->sync_directory("a/b");
    store->write_new("a/b/file", "x");
    store->remove_empty_directory("a/b/c");
    store->remove_empty_directory("a/b");
    CHECK(store->list("a/b") == std::vector<std::string>{"file"});
    CHECK_FALSE(code_of_error([&] { store->remove("a/b"); }).empty());
    CHECK(fs::exists(store.disk / "a/b/file"));
}

TEST_CASE("A folder is not a file, empty or not", "[store]") {
    AnyStore store;
    fs::create_directories(store.disk / "empty");
    CHECK_FALSE(code_of_error([&] { store->remove("empty"); }).empty());
    CHECK(fs::is_directory(store.disk / "empty"));
    CHECK(code_of_error([&] { store->read_back("empty"); }) == "file.refused");
    CHECK(code_of_error([&] { store->read_small("empty"); }) == "file.refused");
}

TEST_CASE("A name never leads out of the tree", "[store]") {
    AnyStore store;
    test::write(store.disk / "in/file", "x");
    for (const std::string name : {"../up", "in/../../up", "/etc/hostname"}) {
        INFO(name);
        CHECK_FALSE(code_of_error([&] { store->write_new(name, "x"); }).empty());
        CHECK_FALSE(code_of_error([&] { store->read_small(name); }).empty());
        CHECK_FALSE(code_of_error([&] { store->rename_new("in/file", name); }).empty());
    }
    CHECK_FALSE(fs::exists(store.disk.parent_path() / "up"));
    CHECK(read(store.disk / "in/file") == "x");
}

TEST_CASE("Names with signs that a URL gives a meaning are names", "[store]") {
    AnyStore store;
    for (const std::string name : {"a%20b.jpg", "100%.jpg", "a#b.jpg", "a&b=c;d.jpg", "Grüße 😀.jpg", "[x] (1) + 'y'.jpg", "~$@!.jpg"}) {
        INFO(name);
        store->write_new(name, name);
        CHECK(read(store.disk / name) == name);
        CHECK(store->read_small(name) == name);
    }
    CHECK(store->list("") == names_on(store.disk));
}

TEST_CASE("The walk meets every file in the order of whole paths", "[store]") {
    AnyStore store;
    for (const std::string name : {"b/x", "b-/x", "b.txt", "a/z/1", "a/y", "B", ".hidden/1", "skipped/1"}) test::write(store.disk / name, name);
    fs::create_directories(store.disk / "empty");
    std::vector<std::string> seen;
    const auto walk = store->walk([](std::string_view, std::string_view name, bool directory) { return directory && name == "skipped"; });
    while (const auto* found = walk->next()) {
        CHECK(found->kind == files::Found::Kind::file);
        CHECK(found->size == found->path.size());
        CHECK(found->modified_ns > 0);
        seen.emplace_back(found->path);
    }
    CHECK(seen == std::vector<std::string>{".hidden/1", "B", "a/y", "a/z/1", "b-/x", "b.txt", "b/x"});
}

TEST_CASE("A walk agrees with status about size and time", "[store]") {
    AnyStore store;
    store->write_new("one", "12345");
    const auto walk = store->walk({});
    const auto* found = walk->next();
    REQUIRE(found);
    const auto status = store->status("one");
    REQUIRE(status);
    CHECK(found->size == static_cast<std::uint64_t>(status->st_size));
    CHECK(found->modified_ns == static_cast<std::int64_t>(status->st_mtim.tv_sec) * 1'000'000'000 + status->st_mtim.tv_nsec);
    CHECK(found->inode == status->st_ino);
}

TEST_CASE("A book that is too long is not read", "[store]") {
    AnyStore store;
    store->write_new("book", std::string(5000, 'x'));
    CHECK(code_of_error([&] { store->read_small("book", 4999); }) == "file.too_large");
    CHECK(store->read_small("book", 5000).size() == 5000);
}

TEST_CASE("The condition says how much room there is", "[store]") {
    AnyStore store;
    const auto now = store->condition();
    const auto really = files::free_space(store.disk);
    CHECK(now.total.count > 0);
    CHECK(now.free.count > really.free.count / 2);
    CHECK(now.free.count < really.free.count * 2);
    CHECK_FALSE(now.read_only);
    CHECK_FALSE(now.denied);
    CHECK(names_on(store.disk).empty());
}

TEST_CASE("The very file that is open is known by another name", "[store]") {
    AnyStore store;
    test::write(store.disk / "itself", "x");
    test::write(store.disk / "another", "x");
    const auto file = files::Tree::open(store.disk).open_read("itself");
    CHECK(store->is_same_file(file.get(), *store->status("itself")));
    CHECK_FALSE(store->is_same_file(file.get(), *store->status("another")));
}

TEST_CASE("The place is told as JSON, and whether writing is flushing", "[store]") {
    AnyStore store;
    CHECK(store->place().front() == '{');
    CHECK(store->still_there());
    CHECK(store->flushes() == (store.kind == "folder"));
}
