"""The desk's pages: thin. Each parses, calls one service or selector, and says what happened.

base         classes that every page here stands on: read-only by default, visibility asked, never `is_superuser`
navigation   the sidebar, made from what is registered and what the person may open
keyset       long lists in pages of 25, without counts and page numbers
home         what people find when they come in
search       the search of the bar
cases        the table of cases, and one case's page
exporting    cases as a file, for those who may
act_table    every act with its form and its service; acts: which are possible now, and why not
beside       what the desk itself shows beside a case
access       single cases opened to single people, breaking the glass, its review
people       memberships, absences, cover, on call; accounts: accounts, roles, groups, who may do what
queue        deliveries with the dead letters, heartbeats, the work queue: read-only
accesslog    looks, sign-ins and changes of rights, for auditors
holds        legal holds, for those who have charge of them
erasures     the ledger of erasures with certificates, and the page on which requests about data are answered
law          registry rows and policy versions, read-only, saying where they are changed
"""

from escalations.admin import (
    access,
    accesslog,
    accounts,
    acts,
    beside,
    cases,
    erasures,
    holds,
    home,
    law,
    members,
    people,
    queue,
    search,
)

__all__ = [
    "access",
    "accesslog",
    "accounts",
    "acts",
    "beside",
    "cases",
    "erasures",
    "holds",
    "home",
    "law",
    "members",
    "people",
    "queue",
    "search",
]
