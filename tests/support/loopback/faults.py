# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong, when, and how often.

A fault is a dictionary. Which requests it meets (all that are given must fit):
  match     regular expression searched in host + path + body
  via       "icloudpd" (came through a proxy URL with that user name) or "client" (everybody else)
  checksum  a content download of this fileChecksum
  skip      leave this many matching requests alone first;  times: how many to meet (default 1, 0: for ever)
What it does:
  status, body, ctype, headers    answer this instead
  html                            answer 200 with a web page
  sleep                           seconds before answering;  stall: seconds of silence in the middle of a download, then cut
  truncate_at                     cut the connection after this many bytes of a download
  short                           a download that honestly announces only this many bytes
  corrupt                         flip one byte in the middle (or at this offset) of a download
  ignore_range                    answer a Range request with the whole file and 200
  empty_page, drop_records        a listing without records, or without those names
  unfile                          its owner takes these memberships away as soon as a listing is answered
  delete_album                    its owner deletes the album of that title as soon as a listing is answered
  conflict                        CONFLICT for every operation (true) or for those record names
  ack_without_effect              say that a modification was done, and do nothing
  effect_without_ack              do it, and answer 503 (or `status`);  hang_up: and close the connection without a word
"""

import re
import threading

DEEP = ("empty_page", "drop_records", "unfile", "delete_album", "conflict", "ack_without_effect", "effect_without_ack",
        "truncate_at", "short", "corrupt", "ignore_range", "stall")


class Faults:
    def __init__(self):
        self.lock = threading.Lock()
        self.active: list[dict] = []
        self.met: list[dict] = []

    def add(self, fault: dict) -> None:
        re.compile(fault.get("match", ""))
        with self.lock:
            self.active.append(dict(fault, left=fault.get("times", 1) or -1, skipping=fault.get("skip", 0)))

    def clear(self) -> None:
        with self.lock:
            self.active.clear()

    def meet(self, text: str, via: str, checksum: str | None) -> dict:
        """The fault for this request, or an empty one."""
        with self.lock:
            for fault in self.active:
                if fault["left"] == 0 or fault.get("via", via) != via or fault.get("checksum", checksum) != checksum:
                    continue
                if not re.search(fault.get("match", ""), text):
                    continue
                if fault["skipping"] > 0:
                    fault["skipping"] -= 1
                    continue
                if fault["left"] > 0:
                    fault["left"] -= 1
                self.met.append({"match": fault.get("match", ""), "text": text[:200]})
                return fault
        return {}

    @staticmethod
    def replaces_answer(fault: dict) -> bool:
        """Whether the request never reaches the account or the library."""
        return "html" in fault or ("status" in fault or "body" in fault) and not any(key in fault for key in DEEP)
