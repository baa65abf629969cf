# SPDX-License-Identifier: GPL-3.0-or-later
"""The rooms of the loopback iCloud, which stands in for Apple in tests and in the demo. Started by ../loopback_icloud.py."""

SERVER_NAME = "mediaferry loopback iCloud, stands in for Apple"
