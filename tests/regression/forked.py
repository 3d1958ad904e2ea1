"""Kernels that need not import torch: they are forked from a process that already has.

Torch, torchvision and matplotlib take more than three seconds of a processor to import, and there
are more than thirty notebooks. :class:`Server` imports them once. Run as a command, this file is
the process that Jupyter starts, watches and kills in place of a kernel: it asks the server to fork
one, hands it its arguments, its environment, its folder and its outputs, and ends as the kernel
ends. When it is killed, the kernel goes as well. It imports nothing but the standard library.
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

PRELOAD = (
    *("ipykernel.kernelapp", "ipywidgets", "cv2", "scipy", "skimage", "sklearn", "mlxtend"),
    *("matplotlib.pyplot", "matplotlib_inline.backend_inline", "torch", "torchvision"),
)
OUTPUTS = 2  # stdout and stderr
LONGEST = 1 << 20  # bytes of a request


class Server:
    """The process that imports once and forks for each notebook; it ends with its owner.

    Parameters
    ----------
    folder
        For the socket, which only its owner can open.
    environment
        With which it imports. Libraries read some variables when they are imported, such as the
        number of threads, so a kernel must not ask for others.
    preload
        What it imports.
    """

    def __init__(
        self, folder: Path, environment: dict[str, str], preload: Sequence[str] = PRELOAD
    ) -> None:
        self.address = folder / "kernels"
        command = [sys.executable, __file__, str(self.address), *preload]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"no kernels can be forked: {command} ended before it was ready")

    def command(self) -> list[str]:
        """Return what stands before a kernel's own arguments."""
        return [sys.executable, "-S", "-E", __file__, "--kernel", str(self.address)]

    def close(self) -> None:
        self.process.communicate()


def serve(address: str, *preload: str) -> None:
    """Import, then fork a kernel for each that asks, until standard input closes."""
    del sys.path[0]  # of this file
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # ipykernel ends where this process does
    for name in preload:
        __import__(name)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        Path(address).chmod(0o600)
        listening.listen()
        threading.Thread(target=until_closed, args=[address], daemon=True).start()
        print("ready", flush=True)
        while True:
            asking, _ = listening.accept()
            request, outputs = received(asking)
            kernel = os.fork()
            if kernel == 0:
                listening.close()
                become(asking, request, outputs)
            for output in outputs:
                os.close(output)
            threading.Thread(target=report, args=[asking, kernel], daemon=True).start()


def until_closed(address: str) -> None:
    # Not by sys.stdin: kernels would inherit its lock as this thread holds it, and who waits for it
    # would wait for ever.
    while os.read(0, 1):
        pass
    Path(address).unlink(missing_ok=True)
    os._exit(0)


def received(asking: socket.socket) -> tuple[dict[str, object], list[int]]:
    """Read what a kernel is asked to be, and where its outputs go."""
    size = array.array("i").itemsize
    message, extra, *_ = asking.recvmsg(LONGEST, socket.CMSG_SPACE(OUTPUTS * size))
    while not message.endswith(b"\n"):
        message += asking.recv(LONGEST)
    outputs = array.array("i")
    outputs.frombytes(extra[0][2])
    return json.loads(message), list(outputs)


def become(asking: socket.socket, request: dict[str, object], outputs: list[int]) -> None:
    """Be a kernel, from the fork to its end."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for place, output in enumerate(outputs, start=1):
        os.dup2(output, place)
        os.close(output)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["ipykernel_launcher", *request["arguments"]]

    def go_with_whoever_asked() -> None:
        asking.recv(1)
        os._exit(1)

    threading.Thread(target=go_with_whoever_asked, daemon=True).start()
    status = 1
    try:
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(sys.argv[1:])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(status)


def report(asking: socket.socket, kernel: int) -> None:
    """Wait until a kernel ends, and say how."""
    _, status = os.waitpid(kernel, 0)
    with suppress(OSError), asking:
        asking.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def ask(address: str, arguments: list[str]) -> None:
    """Ask for a kernel, wait for its end, and end alike."""
    request = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
    }
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        outputs = array.array("i", [1, 2]).tobytes()
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, outputs)
        message = json.dumps(request).encode() + b"\n"
        sent = server.sendmsg([message], [rights])
        server.sendall(message[sent:])
        status = int(server.recv(16) or b"1")
    if status < 0:  # it was ended by a signal
        with suppress(OSError):  # one that cannot be caught cannot be set
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


if __name__ == "__main__":
    if sys.argv[1] == "--kernel":
        ask(sys.argv[2], sys.argv[3:])
    else:
        serve(*sys.argv[1:])
