"""The first playbook is published once, on record, whole or not at all."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from escalations.errors import Refused
from escalations.models import PolicyVersion, Team
from governance.models import Publication
from governance.services.publication import approval_of, is_recorded, publish_first
from playbook.core.source import Source, SourceError
from playbook.models import Edition
from playbook.services.editions import begin_edition, compile_edition
from tests.governance.publishing import NOW
from tests.playbook.editions import central, small

pytestmark = pytest.mark.django_db


def compiled(change: Any = None) -> Edition:
    edition = begin_edition(source=small(change), now=NOW, origin="test")
    return compile_edition(edition_id=edition.pk, now=NOW)


def publish(edition: Edition) -> PolicyVersion:
    return publish_first(edition_id=edition.pk, by="Ana", reason="First.", now=NOW)


def test_an_edition_becomes_the_law_and_the_record_says_so() -> None:
    edition = compiled()
    version = publish(edition)
    publication = Publication.objects.get()
    assert publication.version == version
    assert publication.edition == edition
    assert publication.edition_digest == version.edition_digest == edition.edition_digest
    assert list(publication.steps) == ["approved", "installed"]
    assert (publication.kind, publication.approved_by, publication.reason) == ("bootstrap", "Ana", "First.")
    assert is_recorded(approval_of(publication))
    edition.refresh_from_db()
    assert edition.state == Edition.State.PUBLISHED
    assert edition.effective_at == version.effective_at == NOW
    assert version.pages == edition.pages


def test_publishing_again_is_as_once() -> None:
    edition = compiled()
    assert publish(edition) == publish(edition)
    assert Publication.objects.count() == PolicyVersion.objects.count() == 1


def test_a_draft_is_not_published() -> None:
    edition = begin_edition(source=small(), now=NOW)
    with pytest.raises(Refused, match=r"This edition is draft\. Compile it first\."):
        publish(edition)
    assert not Publication.objects.exists()


def test_a_second_first_playbook_is_refused() -> None:
    publish(compiled())
    other = compiled(lambda d: central(d)["teams"]["care"].update(name="Other"))
    with pytest.raises(Refused, match="This desk has a playbook already"):
        publish(other)
    assert Publication.objects.count() == 1
    assert Team.objects.get(key="care").name == "Care"


def test_a_document_that_was_changed_in_the_database_is_not_published() -> None:
    edition = compiled()
    document = Edition.objects.values_list("document", flat=True).get()
    Edition.objects.update(document=document.replace('"Large"', '"Small"'))
    with pytest.raises(Refused, match="not the one that was compiled"):
        publish(edition)
    assert not Publication.objects.exists()
    assert not PolicyVersion.objects.exists()


def test_a_page_that_was_changed_in_the_database_is_not_published() -> None:
    edition = compiled()
    source = Edition.objects.values_list("source", flat=True).get()
    Edition.objects.update(source=source.replace("Look.", "Look away."))
    with pytest.raises(Refused, match="Something was changed after it was approved"):
        publish(edition)
    assert not Publication.objects.exists()


def test_compiling_again_gives_the_same() -> None:
    edition = compiled()
    before = edition.edition_digest
    assert compile_edition(edition_id=edition.pk, now=NOW + dt.timedelta(days=400)).edition_digest == before


def test_a_published_edition_is_closed() -> None:
    edition = compiled()
    publish(edition)
    with pytest.raises(Refused, match="This edition is published; begin a new one"):
        compile_edition(edition_id=edition.pk, now=NOW)
    edition.refresh_from_db()
    with pytest.raises(TypeError, match="never deleted"):
        edition.delete()
    with pytest.raises(TypeError, match="never deleted"):
        Publication.objects.get().delete()


def test_what_does_not_compile_stays_a_draft() -> None:
    edition = begin_edition(source=small(lambda d: central(d)["teams"].pop("care")), now=NOW)
    with pytest.raises(SourceError, match="no team 'care'"):
        compile_edition(edition_id=edition.pk, now=NOW)
    edition.refresh_from_db()
    assert (edition.state, edition.document) == (Edition.State.DRAFT, "")


def test_a_document_without_a_policy_is_no_edition() -> None:
    with pytest.raises(SourceError, match="this is no edition"):
        begin_edition(source=Source({"central": {}}), now=NOW)
    assert not Edition.objects.exists()
