"""Links for downloading objects of the device platform's bucket."""
