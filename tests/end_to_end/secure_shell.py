"""A real SSH server on the loopback, with keys of its own, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

NEEDED = ("sshd", "ssh", "ssh-keygen")


def missing() -> str:
    """Why there can be no such server here; "" where there can."""
    absent = [name for name in NEEDED if _find(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (openssh-server, openssh-client)"
    if os.geteuid() == 0 and not _has_user():
        return "sshd needs a user of its own here"
    return ""


def _find(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _has_user() -> bool:
    import pwd

    try:
        pwd.getpwnam("sshd")
    except KeyError:
        return False
    return True


class Server:
    """An SSH server on a free port of the loopback, which knows one key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True)
        for name in ("host", "client"):
            subprocess.run(
                [str(_find("ssh-keygen")), "-q", "-t", "ed25519", "-N", "", "-f", folder / name],
                check=True,
            )
        shutil.copyfile(folder / "client.pub", folder / "authorized")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\n"
            f"PidFile {folder / 'pid'}\nAuthorizedKeysFile {folder / 'authorized'}\n"
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPrintMotd no\n"
            "PermitRootLogin prohibit-password\nAcceptEnv LANG\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self._log = open(folder / "log", "wb")
        self._process = subprocess.Popen(
            [str(_find("sshd")), "-D", "-e", "-f", folder / "config"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        end = time.monotonic() + 10
        while not self._answers():
            assert self._process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < end, (folder / "log").read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def words(self) -> list[str]:
        """The client, up to the command that is to run over there, in a terminal."""
        return [
            str(_find("ssh")), "-tt", "-q", "-F", "none", "-p", str(self.port),
            "-i", str(self.folder / "client"), "-o", "IdentitiesOnly=yes",
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "127.0.0.1",
        ]  # fmt: skip

    def close(self) -> None:
        """No more sessions; those that live end by themselves."""
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
