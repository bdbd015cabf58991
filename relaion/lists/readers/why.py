"""Why a record, or a row, brings no entry though it was understood: `why.VIDEO`."""

TAKEN_BACK = "marked as taken back"
DISPUTED = "marked as disputed"
GOOD = "known good"
BAD = "listed as bad"  # in a list of what is known good
UNCONFIRMED = "not confirmed by its giver"
NO_CRIME = "in a category that names no crime"
VIDEO = "of a video"
NO_IMAGE = "of something that is no image"
NO_ENTRY = "of a kind that no data set holds"
ONLY_HOST = "only a host"
NOT_CHOSEN = "not chosen by --where"
OTHER_HASH = "a hash of another kind"
HIDES = "a rule that hides a part of a page"
ALLOWS = "a rule that allows"
CANCELS = "a rule that cancels another"
CANCELLED = "a rule that another one cancels or narrows"
NARROW = "a rule for less than a whole host"
CUT_OFF = "perhaps cut off at the end of the file"
TOO_LONG = "longer than any link"
OF_MACHINE = "a name of the machine itself"
MAPS = "a rule that gives a host its address"
OF_CONTAINER = "a digest of a container's image, which is no picture"
OWN_POLICY = "a rule with a policy of the giver's own"
PATTERN = "a pattern of many hosts"
REFERENCE = "a reference"
SEEN = "an object that was seen, and is not listed"
REPLACED = "a version of a record that another one replaces"
OTHER_RULE = "a rule for another program"
PATTERNS = {
    word: f"a pattern with {word}"
    for word in ("AND", "FOLLOWEDBY", "WITHIN", "REPEATS", "START", "NOT", "EXISTS", "LIKE",
                 "MATCHES", "ISSUBSET", "ISSUPERSET", "<", "<=", ">", ">=")
}  # fmt: skip
"""Of STIX: what asks for more, or for less, than a value that is equal to one."""
UNDERSTOOD = frozenset((
    TAKEN_BACK, DISPUTED, GOOD, BAD, UNCONFIRMED, NO_CRIME, NO_ENTRY, ONLY_HOST, VIDEO, NO_IMAGE,
    NOT_CHOSEN, HIDES, ALLOWS, CANCELS, CANCELLED, NARROW, OF_MACHINE, MAPS, PATTERN, OF_CONTAINER,
    REFERENCE, SEEN, REPLACED, OTHER_RULE, *PATTERNS.values(),
))  # fmt: skip
"""Reasons that speak of the record and not of how it is written."""
UNDOES = frozenset((TAKEN_BACK, DISPUTED, GOOD, BAD, UNCONFIRMED, NO_CRIME))
"""By these a record is listed no longer: it leaves a list that is brought up to date."""
