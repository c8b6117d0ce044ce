"""The tables, in reading order: who, by which law, about what, by when, what happened, what was said, who is told."""

from escalations.models.registry import (
    Category,
    Channel,
    ChannelGroupPermission,
    ChannelUserPermission,
    Level,
    Region,
    RegistryRow,
    Role,
    Specialism,
    Team,
)

from escalations.models.people import Absence, Cover, Membership, OnCallShift, User  # isort: skip
from escalations.models.access import ChannelRequest  # isort: skip
from escalations.models.policy import CalendarSnapshot, PolicyText, PolicyVersion  # isort: skip
from escalations.models.party import Party  # isort: skip
from escalations.models.case import (  # isort: skip
    CHAIN_FIELDS,
    NEVER,
    Case,
    CaseDecision,
    CaseFact,
    CaseText,
    Ownership,
)
from escalations.models.grants import CaseGrant, ChannelMove  # isort: skip
from escalations.models.clock import Clock, Pause, Timer  # isort: skip
from escalations.models.record import Event, EventPayload  # isort: skip
from escalations.models.correspondence import Evidence, Message, Note  # isort: skip
from escalations.models.files import CaseFile  # isort: skip
from escalations.models.links import PartyLink  # isort: skip
from escalations.models.continuity import Approval, CaseLink, Escalation, Handoff, Remedy  # isort: skip
from escalations.models.outbox import Delivery, Outbox  # isort: skip
from escalations.models.privacy import Erasure, ErasureRequest, Indicator, LegalHold  # isort: skip
from escalations.models.operations import Heartbeat, ImportRow  # isort: skip
from escalations.models.accesslog import (  # isort: skip
    AccessEntry,
    AccessHead,
    AccessJudged,
    AccessMark,
    AccessReview,
    CaseExport,
)
from escalations.models.anchor import Anchor, AnchorPart  # isort: skip

__all__ = [
    "CHAIN_FIELDS",
    "NEVER",
    "Absence",
    "AccessEntry",
    "AccessHead",
    "AccessJudged",
    "AccessMark",
    "AccessReview",
    "Anchor",
    "AnchorPart",
    "Approval",
    "CalendarSnapshot",
    "Case",
    "CaseDecision",
    "CaseExport",
    "CaseFact",
    "CaseFile",
    "CaseGrant",
    "CaseLink",
    "CaseText",
    "Category",
    "Channel",
    "ChannelGroupPermission",
    "ChannelMove",
    "ChannelRequest",
    "ChannelUserPermission",
    "Clock",
    "Cover",
    "Delivery",
    "Erasure",
    "ErasureRequest",
    "Escalation",
    "Event",
    "EventPayload",
    "Evidence",
    "Handoff",
    "Heartbeat",
    "ImportRow",
    "Indicator",
    "LegalHold",
    "Level",
    "Membership",
    "Message",
    "Note",
    "OnCallShift",
    "Outbox",
    "Ownership",
    "Party",
    "PartyLink",
    "Pause",
    "PolicyText",
    "PolicyVersion",
    "Region",
    "RegistryRow",
    "Remedy",
    "Role",
    "Specialism",
    "Team",
    "Timer",
    "User",
]
