"""`minyi corpora`: whether what the project knows is whole."""

from __future__ import annotations

import sys


def run_corpora_check() -> int:
    """Check corpora/; see `service.cli.corpora.corpora_check`."""
    from pipeline.manifest import check
    from pipeline.priority import check_signals
    from pipeline.route import Router
    from pipeline.train import read_borders, read_knowledge, read_written, written_files

    files = check()
    texts = len(read_written(written_files()))
    borders = sum(map(len, read_borders().values()))
    told = f"{files} 个文件与清单一致；{texts} 条文本，{len(read_knowledge())} 条主题知识，{borders} 条分类边界"
    router = Router.load()
    sys.stderr.write(
        f"{told}，{check_signals()} 条紧急信号，"
        f"{len(router.crosswalk)} 条对照规则，{len(router.rules.rules)} 条分派规则。\n"
    )
    return 0
