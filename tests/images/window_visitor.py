"""Show a picture in a window, look at the screen, do something to the window, and tell it as JSON.

Run by test_windows.py in the environment that has an OpenCV with windows.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

import numpy as np
from Xlib import XK, X, display
from Xlib.ext import xtest
from Xlib.protocol import event

from cvlib.images import show

TITLE = "看 a picture"
NEVER_DRAWN = 75


def windows(window: Any) -> dict[str, Any]:
    """Find the windows with our title, below a window."""
    found: dict[str, Any] = {}
    for child in window.query_tree().children:
        title = child.get_full_property(server.intern_atom("_NET_WM_NAME"), 0)
        shown = child.get_attributes().map_state == X.IsViewable
        if shown and title and title.value.decode() == TITLE:
            found[TITLE] = child
        found |= windows(child)
    return found


def colours(window: Any) -> list[list[int]]:
    """Read which colours stand in a window, red, green and blue."""
    size = window.get_geometry()
    raw = window.get_image(0, 0, size.width, size.height, X.ZPixmap, 0xFFFFFFFF).data
    pixels = np.frombuffer(raw, np.uint8).reshape(-1, 4)[:, 2::-1]
    return np.unique(pixels, axis=0).tolist()  # type: ignore[no-any-return]


def visit(deed: str, told: dict[str, Any]) -> None:
    """Wait for the window and its picture, look at it, and do the deed until the window goes."""
    end = time.monotonic() + 8
    # A window is up, with grey bars, before its picture is. Wait for that, right or blue for red.
    first = np.broadcast_to(image[0, 0], 3).tolist()
    seen: list[list[int]] = []
    while first not in seen and first[::-1] not in seen:
        if time.monotonic() > end:
            os._exit(NEVER_DRAWN)
        time.sleep(0.05)
        found = windows(root)
        seen = colours(found[TITLE]) if found else []
    told["opened"], told["colours"], window = list(found), seen, found[TITLE]
    while deed != "nothing" and windows(root):
        if deed == "close":
            protocols, delete = map(server.intern_atom, ("WM_PROTOCOLS", "WM_DELETE_WINDOW"))
            data = (32, [delete, X.CurrentTime, 0, 0, 0])
            window.send_event(event.ClientMessage(window=window, client_type=protocols, data=data))
        else:
            window.set_input_focus(X.RevertToParent, X.CurrentTime)
            code = server.keysym_to_keycode(XK.string_to_keysym(deed))
            xtest.fake_input(server, X.KeyPress, code)
            xtest.fake_input(server, X.KeyRelease, code)
        server.sync()
        time.sleep(0.2)


if __name__ == "__main__":
    deed, wait, picture = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    image = np.full((120, 160, 3), [200, 30, 10], np.uint8)
    if picture == "grey":
        image = np.full((120, 160), 77, np.uint8)
    server = display.Display()
    root = server.screen().root
    told: dict[str, Any] = {}
    visitor = threading.Thread(target=visit, args=(deed, told), daemon=True)
    visitor.start()
    begin = time.monotonic()
    told["key"] = show(image, TITLE, wait)
    told["seconds"] = time.monotonic() - begin
    visitor.join(1)
    if "opened" not in told:
        os._exit(NEVER_DRAWN)
    told["left"] = list(windows(root))
    print(json.dumps(told))
