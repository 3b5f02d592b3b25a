"""Words, with the dictionary of the field: one interface over rjieba and jieba.

Both run the same algorithm on the same dictionary (the longest-probability path over jieba's words); the
hidden Markov model for unknown words is off, so that the same words come out of both and equal strings
are cut equally wherever they stand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from typing import Any

from pipeline.errors import InputError
from pipeline.knowledge import CORPORA, digest, lexicon

DICTIONARY = CORPORA / "lexicon" / "dictionary.txt"
_FREQUENCY = 20_000
"""Common enough that a word of the field wins over the shorter words that it is made of."""


def dictionary_id() -> str:
    """Return the hash of the field's dictionary."""
    return digest(DICTIONARY)


class Segmenter:
    """Cut text into words. A private tokenizer object: nothing here touches jieba's module-wide one.

    Parameters
    ----------
    engine : "rjieba", "jieba", or None for the first of them that is installed.
    """

    def __init__(self, engine: str | None = None) -> None:
        self._cut: Callable[[str], list[str]]
        self.engine = engine or _installed()
        words = [line.split()[0] for line in lexicon("dictionary")]
        tokenizer = _TOKENIZERS[self.engine]()
        for word in words:
            tokenizer.add_word(word, _FREQUENCY, "n")
        if self.engine == "rjieba":
            self._cut = lambda text: tokenizer.cut(text, False)
        else:
            self._cut = lambda text: tokenizer.lcut(text, HMM=False)
        self.name = f"{self.engine} {version(self.engine)}"

    def cut(self, text: str) -> list[str]:
        """Return the words of a text, which joined give the text again."""
        return self._cut(text)


def _rjieba() -> Any:
    """Return a tokenizer of rjieba's compiled part; the package around it would load the dictionary once more."""
    package = find_spec("rjieba")
    folders = package.submodule_search_locations if package else None
    compiled = PathFinder.find_spec("rjieba", list(folders or ()))
    if compiled is None or compiled.loader is None:
        return import_module("rjieba").Jieba()
    module: Any = module_from_spec(compiled)
    compiled.loader.exec_module(module)
    return module.Jieba()


def _jieba() -> Any:
    module = import_module("jieba")
    module.setLogLevel(logging.ERROR)
    return module.Tokenizer()


_TOKENIZERS = {"rjieba": _rjieba, "jieba": _jieba}


def _installed() -> str:
    for engine in _TOKENIZERS:
        if find_spec(engine):
            return engine
    raise InputError("没有安装分词器：请安装 rjieba（更快）或 jieba。")
