-- SQL macros that the generated SQL speaks in, so that `replay explain` can be read. Loaded by engine.py.

-- Text that Splunk would take for a number, as DOUBLE; anything else is NULL.
CREATE MACRO spl_num(s) AS
  CASE WHEN regexp_full_match(s, '[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?') THEN TRY_CAST(s AS DOUBLE) END;

-- A number as Splunk prints it: integers without decimals.
CREATE MACRO spl_text(d) AS
  CASE WHEN isfinite(d) AND d = trunc(d) AND abs(d) < 1e17 THEN CAST(CAST(d AS BIGINT) AS VARCHAR)
       ELSE CAST(d AS VARCHAR) END;

-- A multivalue with exactly one value is that value.
CREATE MACRO spl_single(l) AS CASE WHEN len(l) = 1 THEN l[1] END;

-- A single value as a multivalue.
CREATE MACRO spl_list(s) AS CASE WHEN s IS NOT NULL THEN [s] END;

-- A list without nulls; an empty one is a missing field.
CREATE MACRO spl_mv(l) AS
  CASE WHEN len(list_filter(l, lambda v: v IS NOT NULL)) > 0 THEN list_filter(l, lambda v: v IS NOT NULL) END;

-- Comparison of two texts: numerically if both look like numbers, byte by byte otherwise.
CREATE MACRO spl_eq(a, b) AS
  CASE WHEN spl_num(a) IS NOT NULL AND spl_num(b) IS NOT NULL THEN spl_num(a) = spl_num(b) ELSE a = b END;
CREATE MACRO spl_lt(a, b) AS
  CASE WHEN spl_num(a) IS NOT NULL AND spl_num(b) IS NOT NULL THEN spl_num(a) < spl_num(b) ELSE a < b END;
CREATE MACRO spl_le(a, b) AS
  CASE WHEN spl_num(a) IS NOT NULL AND spl_num(b) IS NOT NULL THEN spl_num(a) <= spl_num(b) ELSE a <= b END;
