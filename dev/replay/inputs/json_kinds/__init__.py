"""Writers of JSON events, one file per writer; each declares one ``KIND``."""
