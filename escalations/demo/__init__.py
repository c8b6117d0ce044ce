"""The made-up marketplace of `manage.py demo`: people, stories, three weeks of history.

    story.py      how a story is written: what came in, and what everybody did about it
    stories/      the stories themselves, by side and language
    names.py      parties and goods that no story shares with a real person
    people.py     who works here, set up through the services
    binding.py    a story, told of one party, one order and one sum
    acts.py       a step of a story becomes a call of the act's service
    playing.py    all cases side by side, in the order of time, the engine's minutes in between
    scenes.py     cases placed by hand: every state is there, and something is about to happen
    guarding.py   an expert called in, a glass broken, a finding, a legal hold
    exhibits.py   files of evidence, drawn and written here
    loading.py    the whole of it in one transaction, with what it refuses

Nothing of a real desk stands on this room; it may be left out of an installation.
"""
