# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in: a password is tried once, a code is a task for a person, a session is used as long as it lives."""

import stat
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from world import World


class SignIn(unittest.TestCase):
    def test_the_password_is_given_to_icloudpd_and_works(self):
        with World(phone=False, only=["twin-1"], signed_in=False) as world:
            with world.command_lines() as shown:
                world.expect(0, "--run-stage", "icloud_download")
            self.assertTrue(any("icloudpd" in line and world.icloud.username in line for line in shown))
            self.assertFalse(any(world.icloud.password in line for line in shown), "the password is in nobody's command line")
            self.assertEqual(world.icloud.sign_ins(), ["signed in"])
            self.assertEqual(len(world.media("twin-1")), 1)
            for file in world.cookies.iterdir():
                if file.is_file():
                    self.assertEqual(stat.S_IMODE(file.stat().st_mode) & 0o077, 0, f"{file.name} is for its owner only")

    def test_a_wrong_password_is_tried_once_and_needs_a_person(self):
        with World(phone=False, only=["twin-1"], signed_in=False) as world:
            world.icloud.change_password("something else")
            first = world.expect(77, "run", "--no-progress")
            self.assertIn("password", (first.out + first.err).lower())
            world.expect(77, "run", "--no-progress")
            self.assertEqual(world.icloud.sign_ins(), ["wrong password"], "the second run does not try again")

    def test_a_locked_account_is_left_alone(self):
        with World(phone=False, only=["twin-1"], signed_in=False) as world:
            world.icloud.lock()
            world.expect(77, "run", "--no-progress")
            world.expect(77, "run", "--no-progress")
            self.assertEqual(len(world.icloud.sign_ins()), 1)

    def test_a_needed_code_is_a_task_for_a_person_with_the_exact_command(self):
        with World(phone=False, only=["twin-1"], signed_in=False) as world:
            world.icloud.two_factor()
            first = world.expect(77, "run", "--no-progress")
            self.assertIn("mediaferry auth login", first.out + first.err)
            attempts = len(world.icloud.sign_ins())
            world.expect(77, "run", "--no-progress")
            self.assertEqual(len(world.icloud.sign_ins()), attempts, "asked for once")

    def test_a_stale_cookie_is_renewed_without_the_password(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.icloud.expire(session_tokens=False)
            world.expect(0, "--run-stage", "icloud_download")
            self.assertEqual(world.icloud.sign_ins(), [])

    def test_a_person_signs_in_with_a_code_and_the_ferry_goes_on(self):
        with World(phone=False, only=["twin-1"]) as world:
            world.expect(0, "auth", "status")
            world.icloud.trust_lost()
            world.expect(77, "run", "--no-progress")
            world.expect(77, "auth", "status")
            with world.icloudpd_trusts_the_loopback():
                wrong = world.run("auth", "login", stdin="000000\n")
                self.assertEqual(wrong.code, 77, wrong)
                login = world.expect(0, "auth", "login", stdin=world.icloud.code + "\n")
            self.assertNotIn(world.icloud.password, login.out + login.err)
            self.assertTrue(world.icloud.state()["pushes"], "the code was sent to the person's devices")
            world.expect(0, "auth", "status")
            world.expect(0, "run", "--no-progress")
            self.assertEqual(len(world.media("twin-1")), 1)


if __name__ == "__main__":
    unittest.main()
