"""The web app: the doctor's inbox, sign-in, figures, and the webhooks mounted beside them."""
