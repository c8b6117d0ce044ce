"""The table of who may do what, tried: each person is built, and every act and page is really tried as them."""
