"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file whole or not at all.

    The data goes into a draft in the same folder, which takes the file's place in one step once it is complete; an existing
    file keeps its content until then, and its permissions for good. A new file gets the permissions that the umask gives
    every new file. If writing fails or is interrupted, the draft is removed. Raises OSError with a clear message.
    """
    path = Path(path).resolve()  # through a link to the file itself
    if path.exists() and not path.is_file():
        raise OSError(f"Cannot write {path}: {'Is a directory' if path.is_dir() else 'it is not a regular file'}.")
    draft = path.with_name(f".{path.name[:40]}.{token_hex(8)}.part")  # random, so that nobody else's file has this name
    try:
        with open(draft, "xb") as file:  # the kernel applies the umask
            if path.exists():
                draft.chmod(path.stat().st_mode & 0o777)
            file.write(data)
        draft.replace(path)
    except BaseException as error:
        with suppress(OSError):  # it may not have been made
            draft.unlink()
        if isinstance(error, OSError):
            raise OSError(f"Cannot write {path}: {error.strerror}.") from None
        raise
