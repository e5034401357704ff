"""What an SMS says: the sentence that is meant for it, and what a template could not say.

What we start names nobody, no disease and no value on a screen that lies open. Where a template only
told that something is to be said, a doctor says it on the telephone.
"""

from __future__ import annotations

from channels import templates
from texts.catalogue import CatalogError, Channel, key_for, render


def words_for(text_key: str, body: str) -> str:
    """The words as they go by SMS: those of the stand-in where the sentence is not meant for it."""
    try:
        allowed = key_for(text_key, Channel.SMS)
    except CatalogError:
        # A doctor's or an article's own words.
        return body
    return body if allowed in (None, text_key) else render(str(allowed))


def leaves_to_say(name: str) -> bool:
    """Whether a template of this name only tells that something is to be said."""
    registry = templates.registry()
    return name in registry and registry.template(name).calls
