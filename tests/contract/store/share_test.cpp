// SPDX-License-Identifier: GPL-3.0-or-later
// What is a share's alone: its server goes away, refuses, is full, lies; and the mark of a rename.
#include "tests/contract/store/stores.h"

#include <sys/mount.h>
#include <unistd.h>

#include "common/errors/errors.h"

using namespace mediaferry;
using test::AtHome;
using test::code_of_error;
using test::noise;
using test::open_share;
using test::read;
using test::Samba;
using test::shared_samba;

namespace {

const Timestamp kThen = *from_iso("2024-06-01T10:00:00Z");
constexpr const char* kMark = "mediaferry: this name is taken for a file that is about to be renamed from ";

fs::path folder_of(const std::string& name) {
    fs::create_directories(shared_samba().disk() / name);
    return shared_samba().disk() / name;
}

std::string code_of_opening(const std::string& url, const smb::Login& login) {
    return code_of_error([&] { smb::Share::open(*share_address(url), login); });
}

}  // namespace

TEST_CASE("A share that cannot be used says why", "[share]") {
    const auto& samba = shared_samba();
    const auto login = test::login_of(samba);
    CHECK(code_of_opening(samba.url(), {samba.user(), "falsch", "", ShareEncryption::wanted}) == "nas.login");
    CHECK_THROWS_AS(smb::Share::open(*share_address(samba.url()), {samba.user(), "", "", ShareEncryption::wanted}), SignInRequired);
    CHECK(code_of_opening("smb://127.0.0.1:" + std::to_string(samba.port()) + "/absent", login) == "nas.no_share");
    CHECK(code_of_opening(samba.url("absent/folder"), login) == "file.missing");
    CHECK(code_of_opening("smb://127.0.0.1:1/photos", login) == "nas.away");
    CHECK(code_of_opening("smb://no-such-host.invalid/photos", login) == "nas.away");
}

TEST_CASE("No error and no place tells the password", "[share]") {
    const auto& samba = shared_samba();
    try {
        smb::Share::open(*share_address(samba.url()), {samba.user(), "a wrong secret", "", ShareEncryption::wanted});
        FAIL("a wrong password was taken");
    } catch (const Error& error) {
        CHECK(full_message(error).find("a wrong secret") == std::string::npos);
    }
    CHECK(open_share(samba)->place().find(Samba::password()) == std::string::npos);
}

TEST_CASE("Encryption is wanted or left out, and a server that has none is spoken to all the same", "[share]") {
    const auto& samba = shared_samba();
    for (const auto encryption : {ShareEncryption::off, ShareEncryption::wanted}) {
        const auto share = smb::Share::open(*share_address(samba.url()), {samba.user(), Samba::password(), "", encryption});
        CHECK(share->status({}));
    }
    const Samba plain{"[global]\nserver smb encrypt = off\n"};
    CHECK(open_share(plain)->status({}));
}

TEST_CASE("A server that ends in the middle of a copy is away, and the same share goes on when it is back", "[share]") {
    Samba samba;
    const auto share = open_share(samba);
    const AtHome home{noise(4'000'000, 1)};
    CHECK(code_of_error([&] { share->copy_in(home.fd(), "a.part", kThen, {}, [&](Bytes) { samba.kill(); }); }) == "nas.away");
    CHECK(code_of_error([&] { share->status("a.part"); }) == "nas.away");
    samba.start();
    CHECK(share->copy_in(home.fd(), "b.part", kThen) == test::digests_of(noise(4'000'000, 1)));
    CHECK(share->read_back("b.part").digests == test::digests_of(noise(4'000'000, 1)));
}

TEST_CASE("Two spellings of one name are one file", "[share]") {
    folder_of("case");
    const auto share = open_share(shared_samba(), "case");
    share->write_new("IMG.JPG", "ours");
    CHECK(code_of_error([&] { share->write_new("img.jpg", "theirs"); }) == "file.exists");
    share->write_new("new.part", "theirs");
    CHECK(code_of_error([&] { share->rename_new("new.part", "Img.jpg"); }) == "file.exists");
    CHECK(share->read_small("IMG.JPG") == "ours");
}

TEST_CASE("Names that a share would change are refused before anything is made", "[share]") {
    const auto disk = folder_of("names");
    const auto share = open_share(shared_samba(), "names");
    for (const std::string name : {"a:b", "what?", "a*b", "a<b", "a|b", "a\\b", "AUX.jpg", "com1", "dot.", "space ", "a\nb", "\xff\xfe.jpg"}) {
        INFO(name);
        CHECK(code_of_error([&] { share->write_new(name, "x"); }) == "file.name");
    }
    CHECK(fs::is_empty(disk));
}

TEST_CASE("A link on the server that leads out of the share leads nowhere", "[share]") {
    const auto disk = folder_of("links");
    test::TempDir outside;
    test::write(outside / "secret", "x");
    fs::create_symlink(outside.path(), disk / "out");
    fs::create_symlink(outside / "secret", disk / "file");
    const auto share = open_share(shared_samba(), "links");
    CHECK_FALSE(code_of_error([&] { share->read_small("out/secret"); }).empty());
    CHECK_FALSE(code_of_error([&] { share->read_small("file"); }).empty());
    CHECK_FALSE(code_of_error([&] { share->write_new("out/new", "x"); }).empty());
    CHECK_FALSE(fs::exists(outside / "new"));
}

TEST_CASE("A share that may not be written says so", "[share]") {
    const Samba samba{"read only = yes\n"};
    const auto share = open_share(samba);
    const auto now = share->condition();
    CHECK((now.denied || now.read_only));
}

TEST_CASE("A full server is told, and nothing unfinished stays", "[share]") {
    if (::geteuid() != 0) {
        WARN("NOT TESTED: only root can mount a small disk behind the share");
        return;
    }
    Samba samba;
    if (::mount("tmpfs", samba.disk().c_str(), "tmpfs", 0, "size=1m,mode=0777") != 0) {
        WARN("NOT TESTED: this machine does not let root mount a small disk behind the share");
        return;
    }
    const auto share = open_share(samba);
    const AtHome home{noise(3'000'000, 1)};
    const auto code = code_of_error([&] { share->copy_in(home.fd(), "a.part", kThen); });
    const auto left = share->list("");
    CHECK(share->condition().total.count < (2U << 20));
    samba.kill();
    ::umount2(samba.disk().c_str(), MNT_DETACH);
    CHECK(code == "file.full");
    CHECK(left.empty());
}

TEST_CASE("Where a process died over asking whether it may write, the next leaves nothing", "[share]") {
    const auto disk = folder_of("canary");
    test::write(disk / ".mediaferry-canary", "");
    CHECK_FALSE(open_share(shared_samba(), "canary")->condition().denied);
    CHECK(fs::is_empty(disk));
    CHECK_FALSE(open_share(shared_samba(), "canary")->condition().denied);
    CHECK(fs::is_empty(disk));
}

TEST_CASE("A mark whose file is gone is cleared, and no other file is", "[share]") {
    const auto disk = folder_of("marks");
    const auto share = open_share(shared_samba(), "marks");
    test::write(disk / "dead.jpg", std::string(kMark) + ".mediaferry-tmp-1\n");
    test::write(disk / "alive.jpg", std::string(kMark) + ".mediaferry-tmp-2\n");
    test::write(disk / ".mediaferry-tmp-2", "being written");
    test::write(disk / "photo.jpg", "a photo");
    CHECK(share->clear_mark("dead.jpg"));
    CHECK_FALSE(share->clear_mark("alive.jpg"));
    CHECK_FALSE(share->clear_mark("photo.jpg"));
    CHECK_FALSE(share->clear_mark("absent.jpg"));
    // What a process that died over clearing one left, and what it left that was no mark.
    test::write(disk / ".mediaferry-aside-1", std::string(kMark) + ".mediaferry-tmp-1\n");
    test::write(disk / ".mediaferry-aside-2", "a photo that was in a mark's place");
    CHECK(share->clear_mark(".mediaferry-aside-1"));
    CHECK_FALSE(share->clear_mark(".mediaferry-aside-2"));
    fs::remove(disk / ".mediaferry-aside-2");
    CHECK(share->list("") == std::vector<std::string>{".mediaferry-tmp-2", "alive.jpg", "photo.jpg"});
}

TEST_CASE("A rename that the server refuses takes its mark back", "[share]") {
    const auto disk = folder_of("refused");
    const auto share = open_share(shared_samba(), "refused");
    share->write_new("a.part", "ours");
    fs::create_directories(disk / "dir");
    CHECK_FALSE(code_of_error([&] { share->rename_new("a.part", "dir"); }).empty());
    CHECK(read(disk / "a.part") == "ours");
    CHECK(fs::is_directory(disk / "dir"));
}
