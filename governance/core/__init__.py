"""Rules of governance, pure: values and the time in, an answer in words out."""
