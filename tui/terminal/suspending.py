"""Whether anybody could wake this process again once it was suspended.

Ctrl+Z is for the shell that started us: it sees that its job has stopped, takes the terminal back,
and `fg` goes on. Under `ssh -t HOST cnn-tui`, in a window of tmux or in a container of its own
there is no such shell: the terminal would stay dead. POSIX calls such a process group orphaned.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def is_waited_for() -> bool:
    """Whether our process group has a parent in its session that can send it on.

    Those between us and the shell (`make`, a script) belong to the group, and stop with it.
    """
    group, session = os.getpgrp(), os.getsid(0)
    parent = os.getppid()
    try:
        while parent > 0 and os.getsid(parent) == session:
            if os.getpgid(parent) != group:
                return True
            parent = _parent_of(parent)
    except (OSError, ValueError):  # it has ended meanwhile, or may not be asked
        return False
    return False


def _parent_of(process: int) -> int:
    """The parent of a process.

    Raises:
        OSError, ValueError: nobody knows it.
    """
    stat = Path(f"/proc/{process}/stat")
    if stat.exists():
        return int(stat.read_text().rpartition(")")[2].split()[1])
    words = ["ps", "-o", "ppid=", "-p", str(process)]
    return int(subprocess.run(words, capture_output=True, text=True, check=False).stdout)
