"""The rules as a document for clinicians: made from the data in use, printed, signed by section."""
