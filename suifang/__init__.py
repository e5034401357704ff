"""Composition root: settings, bootstrap and the command line. The only place that builds things."""
