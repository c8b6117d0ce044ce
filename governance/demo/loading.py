"""Puts a change of the playbook before the demo's council, through the doors that people use."""

from __future__ import annotations

import datetime as dt
import json

from escalations.models import User
from escalations.selectors import law
from governance.models import Proposal
from governance.services import proposals
from playbook.core.entries import CENTRE, Address
from playbook.models import Entry
from playbook.services import drafts

AUTHOR, CATEGORY, ITEM = "eleanor", "order.damaged", "packaging-kept"


def propose(*, now: dt.datetime) -> Proposal | None:
    """One member of the demo's council proposes that buyers are asked early to keep the packaging; the others decide.
    Nothing on a desk without that member or that category, or when anything was ever proposed. Compiles twice: seconds.
    """
    author = User.objects.filter(username=AUTHOR).first()
    if author is None or Proposal.objects.exists():
        return None
    base = law.in_force(now)
    category = law.policy_of(base).central.categories.get(CATEGORY)
    if category is None or all(item.key != ITEM for item in category.evidence):
        return None
    began = now - dt.timedelta(hours=20)
    edition = drafts.begin_draft(base=base, title="Ask for the packaging at once", actor=author, now=began)
    row = Entry.objects.get(edition=edition, **Address(CENTRE, "categories", CATEGORY)._asdict())
    body = json.loads(row.body)
    for item in body["evidence"]:
        if item["key"] == ITEM:
            item["required"] = True
    drafts.write_entry(
        edition_id=edition.pk, address=row.address, body=body, actor=author, now=began, version=row.version,
        rationale="Twice this month the box was gone before anybody asked, and the claim against the carrier was lost.",
    )  # fmt: skip
    return proposals.propose(
        edition_id=edition.pk, actor=author, now=now, effective_at=now + dt.timedelta(days=3), zone="Europe/Berlin",
        reason="Buyers throw the box away because we ask for it last. Asked at once, they keep it.",
        warnings_reason="They were there before this change and are not about it.",
    )  # fmt: skip
