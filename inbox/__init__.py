"""The web application: the doctor's inbox, and the webhooks mounted beside it."""
