"""`verify` of a copy that `apply` cleaned, by other code than `apply` used."""
