"""Settings, by place: `prod` (an installation), `dev` (a developer's machine, `make run`), `test`.

DJANGO_SETTINGS_MODULE names one of them. All three start from `base`, which is safe without any variable set.
"""
