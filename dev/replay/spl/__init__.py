"""SPL text to syntax trees: scanner, macro expansion, search expressions, eval expressions, pipelines."""
