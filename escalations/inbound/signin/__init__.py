"""What comes in with a sign-in: allauth's hooks (`account`, `factors`, `sso`), and what a `session` has shown."""
