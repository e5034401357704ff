"""Education: articles, index and retrieval. Refuses to answer when nothing fits."""
