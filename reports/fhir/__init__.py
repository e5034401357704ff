"""FHIR R4: one person as a Bundle, a catchment as NDJSON.

The models that check every resource are those of R4B. R4B differs from R4 in resources for medicine
definitions, evidence and subscriptions only; the resources written here are word for word the same
in both, so a receiver of R4 reads them as they are.
"""
