"""Rotation of field keys: everything encrypted under an older key is written anew under the current one, in batches.

Reading never stops: each value names its key, and all configured keys read. Fingerprints of addresses and numbers are
made anew in the same statement as the value that they stand for; look-ups try all configured keys meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from escalations import keys
from escalations.models import Party
from escalations.models.fields import EncryptedTextField

BATCH = 500
SECRETS = {"totp": "secret", "recovery_codes": "seed"}
"""Where the secret of a second factor lies in its row, by its type. A passkey has none."""
INDEXES = {"email": "email_index", "phone": "phone_index"}


@dataclass(slots=True)
class Rotated:
    """What a run did: rows rotated by table; rows whose key is not configured, by table and key."""

    current: str
    dry_run: bool
    done: Counter[str] = field(default_factory=Counter)
    remaining: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)

    def document(self) -> dict[str, Any]:
        """The run as JSON."""
        lost = [{"table": table, "key": key, "rows": rows} for (table, key), rows in sorted(self.unreadable.items())]
        return {
            "key": self.current,
            "dry_run": self.dry_run,
            "rotated": dict(self.done),
            "remaining": dict(self.remaining),
            "key_not_configured": lost,
            "does_not_open": dict(self.broken),
        }


def encrypted() -> Iterator[tuple[type[Model], list[str]]]:
    """The tables with encrypted fields, and these."""
    for model in apps.get_models():
        names = [item.name for item in model._meta.concrete_fields if isinstance(item, EncryptedTextField)]
        if names:
            yield model, names


def rotate(*, dry_run: bool = False, batch: int = BATCH) -> Rotated:
    """Write anew whatever is not under the current key. Can be killed at any time and run again: a transaction holds
    `batch` rows, and what is done is not looked at again. With `dry_run` it counts what would be done."""
    done = Rotated(current=keys.field_key_id(), dry_run=dry_run)
    for model, names in encrypted():
        last = 0
        while True:
            with transaction.atomic():
                rows = _older(model, names, after=last, limit=batch, lock=not dry_run)
                for pk, *stored in rows:
                    _one(model, names, pk, stored, done)
            if not rows:
                break
            last = rows[-1][0]
    _factors(done)
    return done


def _factors(done: Rotated) -> None:
    """Secrets of second factors, which lie encrypted inside the JSON of their rows: few, so each has a transaction."""
    for pk in Authenticator.objects.filter(type__in=SECRETS).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            name = SECRETS[row.type] if row is not None else ""
            if row is None or str(row.data.get(name, "")).startswith(f"{done.current}:"):
                continue
            try:
                opened = keys.decrypt(row.data[name])
            except LookupError:
                done.unreadable[row._meta.label, row.data[name].partition(":")[0]] += 1
                continue
            except ValueError:
                done.broken[row._meta.label] += 1
                continue
            if done.dry_run:
                done.remaining[row._meta.label] += 1
                continue
            row.data[name] = keys.encrypt(opened)
            row.save(update_fields=["data"])
            done.done[row._meta.label] += 1


def _older(model: type[Model], names: list[str], *, after: int, limit: int, lock: bool) -> list[tuple[Any, ...]]:
    """Rows, as stored, of which some field is encrypted under another key than the current one."""
    quoted = connection.ops.quote_name
    table, current = quoted(model._meta.db_table), f"{keys.field_key_id()}:"
    columns = [quoted(str(item.column)) for item in model._meta.concrete_fields if item.name in names]
    older = " OR ".join(f"({column} <> '' AND substr({column}, 1, %s) <> %s)" for column in columns)
    sql = f"SELECT id, {', '.join(columns)} FROM {table} WHERE id > %s AND ({older}) ORDER BY id LIMIT %s"  # noqa: S608  (names of columns)
    if lock and connection.features.has_select_for_update:
        sql += " FOR UPDATE"
    given = [value for _ in columns for value in (len(current), current)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [after, *given, limit])
        return cursor.fetchall()


def _one(model: type[Model], names: list[str], pk: int, stored: list[str], done: Rotated) -> None:
    label = model._meta.label
    try:
        opened = {name: keys.decrypt(text) for name, text in zip(names, stored, strict=True)}
    except LookupError:
        known = {key_id for text in stored if text for key_id in [text.partition(":")[0]]}
        for key_id in sorted(known - keys.field_key_ids()):
            done.unreadable[label, key_id] += 1
        return
    except ValueError:
        done.broken[label] += 1
        return
    if done.dry_run:
        done.remaining[label] += 1
        return
    values: dict[str, Any] = {**opened, "key_id": done.current}
    if model is Party:
        values |= {index: keys.blind_index(kind, opened[kind]) for kind, index in INDEXES.items()}
    model._default_manager.filter(pk=pk).update(**values)
    done.done[label] += 1
