"""Take the screenshots in this folder: every page at three widths, on the sample county. `make screenshots`."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tests"))

WIDTHS = {"desk": (1366, 768), "tablet": (820, 1180), "phone": (390, 844)}
PAGES = {
    "": {"login": "/login"},
    "li": {
        "inbox": "/inbox",
        "item": "/submissions/{personal}",
        "issues": "/issues?show=all",
        "statistics": "/statistics",
        "assign": "/submissions/5/assign",
        "teach": "/inbox?order=teach",
    },
    "zhao": {"import": "/import"},
    "wei": {"mine": "/mine"},
    "root": {
        "tables": "/admin/tables/members",
        "users": "/admin/users",
        "keys": "/admin/keys",
        "audit": "/admin/audit",
        "dials": "/admin/dials",
        "row": "/admin/tables/members/row?key=m001",
        "jobs": "/jobs",
        "models": "/admin/models",
        "drift": "/admin/models/drift",
    },
}


def main() -> None:
    """Run a service on the samples and photograph it."""
    from workbench import Person, chromium, running

    with running() as house, chromium() as browser:
        for name, pages in PAGES.items():
            for width, (across, down) in WIDTHS.items():
                somebody = Person(browser, house, viewport={"width": across, "height": down})
                if name:
                    somebody.sign_in(name)
                for page, where in pages.items():
                    somebody.go(where.format(**house.numbers))
                    somebody.page.screenshot(path=FOLDER / f"{page}-{width}.png")
                somebody.close()


if __name__ == "__main__":
    main()
