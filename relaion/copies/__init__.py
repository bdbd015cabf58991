"""Files of a copy of a data set, whatever their form, read and written record by record."""
