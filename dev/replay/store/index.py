"""Searches over a store: events are read from its files, datasets from their summaries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from replay.commands import Needs
from replay.context import Context
from replay.engine import Engine
from replay.errors import InputError
from replay.index import SAMPLE, SAMPLES, Index
from replay.relation import ORDER, Column, Relation, fresh_name, union
from replay.store.fingerprint import fingerprint, takes
from replay.store.folder import StoreFolder
from replay.store.manifest import ORIGIN, Bucket, Manifest, Summary, with_summary
from replay.store.parquet import rows_of, write
from replay.summaries import dataset_relation
from replay.terms import TimeRange, time_predicate

_ROW_GROUP = 24_576
_NO_EVENTS = "SELECT * FROM (VALUES ('', 0.0, '', '', '', '', 0)) AS none(_raw, _time, host, source, sourcetype, \"index\", __n) WHERE false"  # noqa: E501


class _FileIndex(Index):
    """Events in Parquet files.

    Args:
        engine: the database that reads them.
        folder: of the store.
        manifest: of the store, or of a part of it.
    """

    def __init__(self, engine: Engine, folder: StoreFolder, manifest: Manifest) -> None:
        self._files = [folder.file(name) for name in manifest.files]
        self._origins_known = manifest.origins
        super().__init__(engine, last=manifest.last)

    def _create(self) -> None:
        self.table = fresh_name("v")
        events = f"SELECT * FROM {rows_of(self._files)}" if self._files else _NO_EVENTS
        self.engine.execute(f"CREATE VIEW {self.table} AS {events}")

    def _distinct(self, ctx: Context, names: Sequence[str]) -> list[tuple[str, ...]]:
        if not set(names) <= set(ORIGIN):
            return super()._distinct(ctx, names)
        places = [ORIGIN.index(name) for name in names]
        return sorted({tuple(origin[place] for place in places) for origin in self._origins_known})

    def _sample(self) -> str:
        places = range(0, len(self._files), -(-len(self._files) // SAMPLES))
        some = (f"(SELECT _raw FROM {rows_of([self._files[place]])} LIMIT {SAMPLE})" for place in places)
        return " UNION ALL ".join(some)  # not by number: all files would be opened


class StoredIndex(_FileIndex):
    """The events and summaries of a store.

    A summary that is missing, or was made with other knowledge, is made when a search first reads the dataset, and
    kept. Where it cannot be kept (somebody else is changing the store, or it may not be written), the search reads
    the events themselves.

    Args:
        engine: the database that reads them.
        folder: the store.
    """

    def __init__(self, engine: Engine, folder: StoreFolder) -> None:
        self._folder = folder
        self._fingerprints: dict[tuple[str, str, str], str | None] = {}
        self._summarised: dict[str, Relation] = {}
        super().__init__(engine, folder, folder.read())

    def dataset(self, ctx: Context, model: str, dataset: str, needs: Needs) -> Relation:
        """See ``context.Store``."""
        rel = self.summary(ctx, model, dataset) if takes(needs.names, needs.everything) else None
        if rel is None:
            return super().dataset(ctx, model, dataset, needs)
        when = time_predicate(TimeRange(ctx.earliest, ctx.latest), rel.field("_time").sql)
        return rel if when == "true" else rel.filter(when)

    def summary(self, ctx: Context, model: str, dataset: str) -> Relation | None:
        """Every field of every event of a dataset but the raw text; None where there is no summary.

        Raises:
            KnowledgeError: no such dataset.
        """
        key = (ctx.app, model, dataset)
        if key not in self._fingerprints:
            self._fingerprints[key] = fingerprint(ctx, model, dataset)
        made_with = self._fingerprints[key]
        if made_with is not None and made_with not in self._summarised:
            summaries = self._summaries(ctx, model, dataset, made_with)
            if summaries is None:
                return None
            self._summarised[made_with] = self._united(summaries)
        return None if made_with is None else self._summarised[made_with]

    def _summaries(self, ctx: Context, model: str, dataset: str, made_with: str) -> list[Summary] | None:
        """One for each bucket; None if they cannot all be had."""
        manifest = self._folder.read()
        if not manifest.buckets:
            return None
        if all(_fresh(bucket, made_with) for bucket in manifest.buckets):
            return [found for bucket in manifest.buckets if (found := _fresh(bucket, made_with))]
        try:
            with self._folder.changing() as manifest:
                return self._complete(ctx, model, dataset, made_with, manifest)
        except (InputError, OSError) as e:
            ctx.warn(f"the summary of {model}.{dataset} cannot be kept ({e}): its events are read instead")
            return None

    def _complete(
        self, ctx: Context, model: str, dataset: str, made_with: str, manifest: Manifest
    ) -> list[Summary]:  # fmt: skip
        """Make those that are missing."""
        summaries, new = [], []
        for bucket in manifest.buckets:
            summary = _fresh(bucket, made_with)
            if summary is None:
                summary = self._summarise(ctx, model, dataset, made_with, bucket)
                manifest = manifest.with_bucket(with_summary(bucket, summary))
                new.append(self._folder.file(summary.file))
            summaries.append(summary)
        self._folder.commit(manifest, new)
        return summaries

    def _summarise(self, ctx: Context, model: str, dataset: str, made_with: str, bucket: Bucket) -> Summary:
        events = _FileIndex(self.engine, self._folder, Manifest((bucket,)))
        rel = dataset_relation(events, ctx.within(None, None), model, dataset, Needs(everything=True)).drop(["_raw"])
        name = f"{bucket.name}/{model}.{dataset}-{made_with[:16]}.parquet"
        with self.engine.pushing(False):
            path = self._folder.file(name)
            write(self.engine, rel.sql(), path, row_group=_ROW_GROUP, compression="snappy", ordered=False)
        return Summary(f"{model}.{dataset}", ctx.app, made_with, name, dict(rel.columns))

    def _united(self, summaries: list[Summary]) -> Relation:
        """All rows; files with the same columns are read at once."""
        alike: dict[tuple[tuple[str, Column], ...], list[Path]] = {}
        for summary in summaries:
            alike.setdefault(tuple(summary.columns.items()), []).append(self._folder.file(summary.file))
        parts = [_relation(dict(columns), files) for columns, files in alike.items()]
        return parts[0] if len(parts) == 1 else union(parts, reorder=False)


def _fresh(bucket: Bucket, made_with: str) -> Summary | None:
    return next((s for s in bucket.summaries if s.fingerprint == made_with), None)


def _relation(columns: dict[str, Column], files: list[Path]) -> Relation:
    name = fresh_name()
    listed = ", ".join([*(column.sql for column in columns.values()), ORDER])
    return Relation(name, columns, ((name, f"SELECT {listed} FROM {rows_of(files)}"),))
