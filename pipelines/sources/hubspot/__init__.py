"""HubSpot: how its API is asked, and what its objects mean."""
