"""Looking through files that strangers send: what each is, whether it is taken, and what of it is kept.

    looking.vet(path, name="photo.jpg", declared="image/jpeg", into=cleaned, thumbnail=small)

The content decides; the name's ending and the declared type must agree with it. Pictures are written anew, so whatever
was hidden in them or behind them is gone. Nothing here opens a file for anybody, and nothing runs what is in one.

It reads formats that were made to break readers. `python -m escalations.core.vetting` is the same in a process of its
own, with limits on time and memory and none of the desk's secrets; whoever vets the file of a stranger uses that.
Only `kinds` is loaded with the desk, the readers of formats are not.
"""

from escalations.core.vetting.kinds import (
    ACCEPT,
    KINDS,
    MEGABYTE,
    REFUSALS,
    TAKEN,
    Kind,
    RefusedFile,
    Verdict,
    ending,
    tidy_name,
)

__all__ = ["ACCEPT", "KINDS", "MEGABYTE", "REFUSALS", "TAKEN", "Kind", "RefusedFile", "Verdict", "ending", "tidy_name"]
