"""What we say: every sentence a patient or doctor may receive, as data."""
