"""Settings of all tests."""

from hypothesis import settings

# How long an example takes says nothing about what it proves, and the machine may be busy.
settings.register_profile("replay", deadline=None)
settings.load_profile("replay")
