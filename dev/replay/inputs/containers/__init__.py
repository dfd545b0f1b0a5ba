"""What holds other files, one file per kind; each declares one ``CONTAINER``."""
