"""replay: a Splunk search head in one Python process, on DuckDB."""
