"""What people are owed: their data erased, kept no longer than the law says, held where the law demands it.

columns      every text column of the database and what erasure does with it; a test holds the list complete
erasing      erases persons and cases by that list, in one transaction each
holds        legal holds: two people place one, two people lift it
ledger       what was erased, with certificates; a copy outside the database, replayed after a restore
requests     what a person may ask of their data, answered at a page by those in charge: export, erasure by a worker
retention    what the policy in force says is kept long enough
rotation     encrypts anew under the current field key
residue      what a database, caches and queues keep of deleted rows
unmasking    one look at a party's data, with a reason on record
"""
