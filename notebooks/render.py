"""Run the notebooks in a clean kernel each, and write docs/notebooks: pages without scripts and outside requests.

    python notebooks/render.py [-o FOLDER] [NUMBER …]

What runs here is what the tests run; the notebooks themselves are kept without outputs.
"""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 860px; padding: 20px 16px 60px; color: #1d2733; background: #fff;
  font: 15px/1.65 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }}
h1 {{ font-size: 24px; }} h2 {{ font-size: 18px; margin: 28px 0 8px; }}
table {{ border: 0; border-collapse: collapse; font-size: 13px; margin: 8px 0; }}
th, td {{ padding: 3px 12px 3px 0; border: 0; border-bottom: 1px solid #d9dfe5;
  text-align: left !important; vertical-align: top; }}
td:not(:last-child) {{ white-space: nowrap; }}
pre {{ background: #f4f6f8; padding: 8px 12px; overflow-x: auto; font-size: 12.5px; white-space: pre-wrap; }}
.output pre {{ background: none; border-left: 3px solid #d9dfe5; }} svg {{ max-width: 100%; height: auto; }}
details summary {{ color: #5b6875; font-size: 13px; cursor: pointer; }} a.anchor-link {{ display: none; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def notebooks(numbers: list[str] | None = None) -> list[Path]:
    """Return the notebooks, or those with some numbers."""
    return [path for path in sorted(HERE.glob("*.ipynb")) if not numbers or path.name[:2] in numbers]


def run(path: Path) -> Any:
    """Return a notebook with its outputs, run in a kernel of its own.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        Where a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}).execute()
    return notebook


def page(notebook: Any) -> str:
    """Return an executed notebook as a page: text, code folded away, outputs."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").enable("table")
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(markdown.render(cell.source))
            continue
        parts.append(f"<details><summary>代码</summary><pre>{_escaped(cell.source)}</pre></details>")
        parts += [f'<div class="output">{_output(each)}</div>' for each in cell.outputs]
    title = re.sub(r"^#\s*", "", notebook.cells[0].source.splitlines()[0])
    return PAGE.format(title=_escaped(title), body="\n".join(parts))


def _output(output: Any) -> str:
    if output.output_type == "stream":
        return f"<pre>{_escaped(output.text)}</pre>"
    data = output.get("data", {})
    if "image/svg+xml" in data:
        drawn = data["image/svg+xml"][data["image/svg+xml"].index("<svg") :]
        return re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    if "text/html" in data:
        return str(data["text/html"])
    if re.match(r"Text\(|<|\[<", data.get("text/plain", "")):
        return ""  # what drawing returns
    return f"<pre>{_escaped(data.get('text/plain', ''))}</pre>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def main() -> None:
    """Run and render what the command line asks for."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("numbers", nargs="*")
    asked.add_argument("-o", "--out", type=Path, default=HERE.parent / "docs" / "notebooks")
    args = asked.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for path in notebooks(args.numbers):
        began = time.perf_counter()
        (args.out / f"{path.stem}.html").write_text(page(run(path)), encoding="utf-8")
        print(f"{path.name}: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
