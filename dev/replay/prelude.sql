-- SQL macros that the generated SQL speaks in, so that `replay explain` can be read. Loaded by engine.py.

-- Macros are text: an argument named twice is computed (and, nested, multiplied) twice. Where that would happen, a list
-- of one value names it once: list_transform([x], lambda v: ... v ... v ...)[1].

-- Text that Splunk would take for a number, as DOUBLE; anything else is NULL.
CREATE MACRO spl_num(s) AS
  TRY_CAST(regexp_extract(s, '^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$') AS DOUBLE);

-- A number as Splunk prints it: integers without decimals.
CREATE MACRO spl_text(d) AS
  list_transform([d], lambda x: CASE WHEN isfinite(x) AND x = trunc(x) AND abs(x) < 1e17
    THEN CAST(CAST(x AS BIGINT) AS VARCHAR) ELSE CAST(x AS VARCHAR) END)[1];

-- `a + b` of two texts: the sum if both look like numbers, else the one behind the other.
CREATE MACRO spl_plus(a, b) AS
  list_transform([[a, b]], lambda p: coalesce(spl_text(spl_num(p[1]) + spl_num(p[2])), p[1] || p[2]))[1];

-- A multivalue with exactly one value is that value.
CREATE MACRO spl_single(l) AS list_transform([l], lambda m: CASE WHEN len(m) = 1 THEN m[1] END)[1];

-- A list without nulls; an empty one is a missing field.
CREATE MACRO spl_mv(l) AS list_aggregate(list_filter(l, lambda v: v IS NOT NULL), 'list');

-- A single value as a multivalue.
CREATE MACRO spl_list(s) AS spl_mv([s]);

-- Comparison of two texts: numerically if both look like numbers, byte by byte otherwise.
CREATE MACRO spl_eq(a, b) AS
  CASE WHEN spl_num(a) IS NOT NULL AND spl_num(b) IS NOT NULL THEN spl_num(a) = spl_num(b) ELSE a = b END;
CREATE MACRO spl_lt(a, b) AS
  CASE WHEN spl_num(a) IS NOT NULL AND spl_num(b) IS NOT NULL THEN spl_num(a) < spl_num(b) ELSE a < b END;
CREATE MACRO spl_le(a, b) AS
  CASE WHEN spl_num(a) IS NOT NULL AND spl_num(b) IS NOT NULL THEN spl_num(a) <= spl_num(b) ELSE a <= b END;

-- XML text with its numeric character references spelled out; those of markup become named ones, so that the text can
-- still be taken apart by its tags.
CREATE MACRO spl_xml_code(e) AS TRY_CAST(CASE WHEN starts_with(e, 'x') THEN '0' || e ELSE e END AS INTEGER);
CREATE MACRO spl_xml_char(e) AS
  CASE spl_xml_code(e)
    WHEN 60 THEN '&lt;' WHEN 62 THEN '&gt;' WHEN 38 THEN '&amp;' WHEN 34 THEN '&quot;' WHEN 39 THEN '&apos;'
    ELSE CASE WHEN spl_xml_code(e) BETWEEN 1 AND 55295 OR spl_xml_code(e) BETWEEN 57344 AND 1114111
              THEN chr(spl_xml_code(e)) ELSE '&#' || e || ';' END
  END;
CREATE MACRO spl_xml_spelled(x) AS
  CASE WHEN contains(x, '&#') THEN
    list_reduce(
      list_distinct(regexp_extract_all(x, '&#(x?[0-9A-Fa-f]{1,6});', 1)),
      lambda acc, e: replace(acc, '&#' || e || ';', spl_xml_char(e)),
      x)
  ELSE x END;

-- XML text with its named entities decoded.
CREATE MACRO spl_xml(x) AS
  CASE WHEN contains(x, '&') THEN
    replace(replace(replace(replace(replace(x,
      '&lt;', '<'), '&gt;', '>'), '&quot;', '"'), '&apos;', ''''), '&amp;', '&')
  ELSE x END;

-- Row commands: text as a value in a search expression, quoted and escaped (format, return, map).
CREATE MACRO spl_quoted(s) AS '"' || replace(replace(s, '\', '\\'), '"', '\"') || '"';

-- The functions of `convert`: text in, text out, NULL where the text is none of theirs.
CREATE MACRO spl_dur2sec(s) AS
  CASE WHEN regexp_full_match(s, '([0-9]+\+)?[0-9]+:[0-9]+:[0-9]+(\.[0-9]+)?') THEN spl_text(
    coalesce(TRY_CAST(regexp_extract(s, '^([0-9]+)\+', 1) AS DOUBLE), 0) * 86400
    + CAST(regexp_extract(s, '([0-9]+):[0-9]+:[0-9.]+$', 1) AS DOUBLE) * 3600
    + CAST(regexp_extract(s, ':([0-9]+):[0-9.]+$', 1) AS DOUBLE) * 60
    + CAST(regexp_extract(s, ':([0-9.]+)$', 1) AS DOUBLE)) END;
CREATE MACRO spl_mstime(s) AS
  CASE WHEN regexp_full_match(s, '([0-9]+:)?[0-9]+(\.[0-9]+)?') THEN spl_text(
    coalesce(TRY_CAST(regexp_extract(s, '^([0-9]+):', 1) AS DOUBLE), 0) * 60
    + CAST(regexp_extract(s, '([0-9.]+)$', 1) AS DOUBLE)) END;
CREATE MACRO spl_memk(s) AS
  CASE WHEN regexp_full_match(s, '\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)\s*[kKmMgG]?[bB]?\s*') THEN spl_text(
    CAST(regexp_extract(s, '[-+.0-9]+') AS DOUBLE)
    * CASE lower(regexp_extract(s, '[kKmMgG]')) WHEN 'm' THEN 1024 WHEN 'g' THEN 1048576 ELSE 1 END) END;
CREATE MACRO spl_rmcomma(s) AS replace(s, ',', '');
CREATE MACRO spl_rmunit(s) AS
  spl_text(TRY_CAST(nullif(regexp_extract(s, '^\s*([-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?)', 1), '') AS DOUBLE));
CREATE MACRO spl_auto(s) AS
  CASE WHEN spl_num(trim(s)) IS NOT NULL THEN trim(s)
       WHEN spl_num(spl_rmcomma(s)) IS NOT NULL THEN spl_rmcomma(s)
       ELSE coalesce(spl_dur2sec(s), spl_mstime(s), spl_memk(s)) END;

-- Aggregates (replay/aggregates): the values of multivalues as numbers, and their extremes, numbers before text.
CREATE MACRO spl_nums(l) AS list_transform(l, lambda v: spl_num(v));
CREATE MACRO spl_list_min(l) AS coalesce(spl_text(list_min(spl_nums(l))), list_min(l));
CREATE MACRO spl_list_max(l) AS
  coalesce(list_max(list_filter(l, lambda v: spl_num(v) IS NULL)), spl_text(list_max(spl_nums(l))));

-- A cell of a lookup table with wildcards (`*`) as a LIKE pattern; its escape is `^`.
CREATE MACRO spl_like(cell) AS replace(replace(replace(replace(cell, '^', '^^'), '%', '^%'), '_', '^_'), '*', '%');

-- Buckets (replay/spans.py): the first of the month that begins the bucket of n months; labels of number buckets.
CREATE MACRO spl_month_index(t) AS
  (year(make_timestamp(CAST(floor(t * 1e6) AS BIGINT))) - 1970) * 12 + month(make_timestamp(CAST(floor(t * 1e6) AS BIGINT))) - 1;
CREATE MACRO spl_month_start(m) AS
  CAST(epoch(make_date(CAST(1970 + floor(m / 12) AS BIGINT), CAST(m - floor(m / 12) * 12 + 1 AS BIGINT), 1)) AS DOUBLE);
CREATE MACRO spl_month_bucket(t, n) AS spl_month_start(floor(spl_month_index(t) / n) * n);
CREATE MACRO spl_bucket_label(x, width) AS
  spl_text(round(floor(x / width) * width, 9)) || '-' || spl_text(round((floor(x / width) + 1) * width, 9));
CREATE MACRO spl_log_bucket_label(x, c, base) AS
  CASE WHEN x > 0 THEN spl_text(c * pow(base, floor(ln(x / c) / ln(base) + 1e-9)))
    || '-' || spl_text(c * pow(base, floor(ln(x / c) / ln(base) + 1e-9) + 1)) END;

-- Eval functions (functions/).

-- A result that is no real number (the root of a negative one, the logarithm of zero) is missing.
CREATE MACRO spl_real(d) AS list_transform([d], lambda x: CASE WHEN isfinite(x) THEN x END)[1];

-- Logarithm to any base; exact where it is a whole number (log(8, 2) is 3).
CREATE MACRO spl_log(x, base) AS
  list_transform([[x, base]], lambda p: CASE WHEN p[2] = 2 THEN log2(p[1]) WHEN p[2] = 10 THEN log10(p[1])
    WHEN p[2] > 0 AND p[2] <> 1 THEN ln(p[1]) / ln(p[2]) END)[1];

-- Greatest and least of texts: numbers among themselves, texts among themselves, any text above any number.
CREATE MACRO spl_max(l) AS
  list_transform([l], lambda m: coalesce(list_max(list_filter(m, lambda v: spl_num(v) IS NULL)),
    spl_text(list_max(list_transform(m, lambda v: spl_num(v))))))[1];
CREATE MACRO spl_min(l) AS
  list_transform([l], lambda m: coalesce(spl_text(list_min(list_transform(m, lambda v: spl_num(v)))),
    list_min(list_filter(m, lambda v: spl_num(v) IS NULL))))[1];

-- How many significant figures and decimal places a number's text shows; rounding to so many figures.
CREATE MACRO spl_figures(s) AS
  CAST(length(ltrim(regexp_replace(regexp_replace(s, '[eE].*$', ''), '[^0-9]', '', 'g'), '0')) AS INTEGER);
CREATE MACRO spl_decimals(s) AS CAST(length(regexp_extract(s, '\.([0-9]*)', 1)) AS INTEGER);
CREATE MACRO spl_sigfig(x, figures) AS
  list_transform([x], lambda v: CASE WHEN v = 0 THEN 0.0
    ELSE round(v, CAST(figures - 1 - floor(log10(abs(v))) AS INTEGER)) END)[1];

-- A number that the bit functions take: whole, from 0 to 2^53-1.
CREATE MACRO spl_bits(d) AS
  list_transform([d], lambda x: CASE WHEN x >= 0 AND x <= 9007199254740991 AND x = trunc(x) THEN CAST(x AS BIGINT) END)[1];

-- Order (commands/sort.py): an IPv4 address as a number; the number that a text begins with (of an address: 1st octet).
CREATE MACRO spl_ip(s) AS
  CASE WHEN regexp_full_match(s, '([0-9]{1,3}\.){3}[0-9]{1,3}')
  THEN list_reduce(list_transform(string_split(s, '.'), lambda o: CAST(o AS BIGINT)), lambda a, b: a * 256 + b) END;
CREATE MACRO spl_leading_number(s) AS
  coalesce(spl_num(s), CASE WHEN spl_ip(s) IS NOT NULL THEN TRY_CAST(split_part(s, '.', 1) AS DOUBLE)
  ELSE TRY_CAST(regexp_extract(s, '^[0-9]+(\.[0-9]+)?') AS DOUBLE) END);

-- The value of a digit: 0 to 9, then a to z.
CREATE MACRO spl_digit(c) AS strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1;

-- A text as a number to a base from 2 to 36 (base 16 may begin with 0x).
CREATE MACRO spl_based(s, base) AS
  list_transform([lower(regexp_replace(s, '^([-+]?)0[xX]', CASE WHEN base = 16 THEN '\1' ELSE '\0' END))], lambda t:
    CASE WHEN regexp_full_match(t, '[-+]?[0-9a-z]+')
          AND list_max(list_transform(string_split(ltrim(t, '-+'), ''), lambda c: spl_digit(c))) < base
      THEN list_reduce(list_transform(string_split(ltrim(t, '-+'), ''), lambda c: CAST(spl_digit(c) AS DOUBLE)),
             lambda a, b: a * base + b) * CASE WHEN starts_with(t, '-') THEN -1 ELSE 1 END END)[1];

-- tostring(x, "hex"), "binary", "commas", "duration"; the first two only for whole numbers from 0 to 2^53-1.
CREATE MACRO spl_hex(d) AS '0x' || to_hex(spl_bits(d));
CREATE MACRO spl_binary(d) AS bin(spl_bits(d));
CREATE MACRO spl_commas(d) AS
  list_transform([d], lambda x: CASE WHEN x = trunc(x) THEN format('{:,.0f}', x) ELSE format('{:,.2f}', round(x, 2)) END)[1];
CREATE MACRO spl_duration(d) AS
  list_transform([[abs(d), floor(abs(d)), d]], lambda p: CASE WHEN p[3] < 0 THEN '-' ELSE '' END
    || CASE WHEN p[2] >= 86400 THEN CAST(CAST(p[2] AS BIGINT) // 86400 AS VARCHAR) || '+' ELSE '' END
    || printf('%02d:%02d:%02d', CAST(p[2] AS BIGINT) % 86400 // 3600, CAST(p[2] AS BIGINT) % 3600 // 60,
         CAST(p[2] AS BIGINT) % 60)
    || CASE WHEN p[1] > p[2] THEN printf('.%06d', CAST(floor((p[1] - p[2]) * 1000000) AS BIGINT)) ELSE '' END)[1];

-- Epoch seconds as a timestamp; NULL beyond the years 1 to 9999.
CREATE MACRO spl_time(d) AS
  list_transform([d], lambda x: CASE WHEN x >= -62135596800 AND x < 253402300800
    THEN make_timestamp(CAST(round(x * 1000000) AS BIGINT)) END)[1];
