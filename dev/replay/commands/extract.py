"""extract (kv) and xmlkv: fields out of the text of the events."""

from __future__ import annotations

from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.errors import SearchError
from replay.knowledge.fields import transform_extraction, transform_field
from replay.pairs import add_pairs, keep_old
from replay.plan import Parser
from replay.relation import Relation, as_text, quote
from replay.spl.scanner import Scanner
from replay.udf.pairs import key_values, xml_values

_OPTIONS = ("pairdelim", "kvdelim", "limit", "maxchars", "mv_add", "clean_keys", "reload", "segment", "auto")


@command("extract", "kv")
class Extract(Command, frozen=True):
    """``extract [pairdelim="…"] [kvdelim="…"] [limit=50] [maxchars=10240] [mv_add=b] [clean_keys=b] [<transform> …]``.

    Source: Search Reference, "extract". Pairs come out of ``_raw``: ``key=value`` and ``key="value"``, or what the
    characters of ``pairdelim`` and ``kvdelim`` separate. A field that exists is kept; so is the first of several
    values, unless ``mv_add``. With names of transforms.conf, those extract instead.
    """

    pairdelim: str = ""
    kvdelim: str = "="
    limit: int = 50
    maxchars: int = 10_240
    mv_add: bool = False
    clean_keys: bool = True
    transforms: tuple[str, ...] = ()

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options and the transforms, in any order."""
        options: dict[str, str] = {}
        transforms: list[str] = []
        while not s.done:
            found = s.options(_OPTIONS, "extract")
            options |= found
            if not found and not s.accept(","):
                transforms.append(s.value("the name of a transform"))
        for name in ("reload", "segment", "auto"):
            s.boolean(options.get(name, "f"))
        return cls(
            options.get("pairdelim", ""),
            options.get("kvdelim", "="),
            s.integer(options.get("limit", "50"), "limit"),
            s.integer(options.get("maxchars", "10240"), "maxchars"),
            s.boolean(options.get("mv_add", "f")),
            s.boolean(options.get("clean_keys", "t")),
            tuple(transforms),
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Extract."""
        if self.transforms:
            for name in self.transforms:
                rel = _by_transform(rel, name, ctx)
            return rel
        if not rel.has("_raw"):
            return rel
        text = f"left({as_text(rel.field('_raw')).sql}, {self.maxchars})"
        settings = (quote(self.pairdelim), quote(self.kvdelim), str(self.limit), str(self.mv_add), str(self.clean_keys))
        return add_pairs(rel, key_values.sql(text, *settings), ctx, keep_old)

    def needs(self, after: Needs) -> Needs:
        """The text; which fields it gives is not known yet."""
        return EVERYTHING


def _by_transform(rel: Relation, name: str, ctx: Context) -> Relation:
    transform = ctx.knowledge.transform(ctx.app, name)
    extraction = transform_extraction(transform)
    if extraction.dynamic:
        raise SearchError(
            f"`extract {name}`: a transform whose fields are named by the event itself is not supported here", ctx.place
        )
    source = as_text(rel.field(transform.source_key))
    found = {field: transform_field(extraction, field, source) for field in extraction.fields}
    return rel.extend({f: keep_old(rel.field(f), e) if rel.has(f) else e for f, e in found.items()})


@command("xmlkv")
class XmlKv(Command, frozen=True):
    """``xmlkv [maxinputs=N] [<field>]``: ``<key>value</key>`` becomes a field. Source: Search Reference, "xmlkv".

    It reads ``_raw``, or the field that is named. Later values win over earlier ones and over a field that exists.
    """

    field: str = "_raw"

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field."""
        options = s.options(("maxinputs",), "xmlkv")
        field = "_raw" if s.done else s.field()
        options |= s.options(("maxinputs",), "xmlkv")
        s.finish("xmlkv")
        s.integer(options.get("maxinputs", "0"), "maxinputs")
        return cls(field)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Extract."""
        if not rel.has(self.field):
            return rel
        return add_pairs(
            rel, xml_values.sql(as_text(rel.field(self.field)).sql), ctx, lambda old, new: keep_old(new, old)
        )

    def needs(self, after: Needs) -> Needs:
        """The text; which fields it gives is not known yet."""
        return EVERYTHING
