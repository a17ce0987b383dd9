"""Forms for uploading files to the device platform's bucket."""
