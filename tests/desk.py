"""The `minyi` command, run from outside in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

COMMAND = [sys.executable, "-c", "from service.cli import main; main()"]


@dataclass
class Answer:
    """What a run of the command gave back."""

    code: int
    out: bytes
    err: str

    @property
    def ids(self) -> list[str]:
        return [json.loads(line)["id"] for line in self.out.splitlines()]


@dataclass
class Desk:
    """A folder to run the command in."""

    folder: Path

    def __call__(self, *arguments: str, stdin: bytes = b"", code: int | None = None, **environment: str) -> Answer:
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            env={**os.environ, "PYTHONUTF8": "1", "COLUMNS": "400", **environment},
            check=False,
        )
        answer = Answer(done.returncode, done.stdout, done.stderr.decode())
        assert "Traceback" not in answer.err, answer.err
        assert "\x1b" not in answer.err
        assert not list(self.folder.rglob("*.part")), "half-written files are left"
        if code is not None:
            assert answer.code == code, answer.err
        return answer

    def files(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.folder)): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path
