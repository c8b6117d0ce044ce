import time, cProfile, pstats
from tests.leaks.test_the_walk import *
from tests.leaks.test_the_walk import planted, desk
from tests.leaks.walking import walk
from tests.leaks import walking
def test_prof(planted):
    for only in ("account|mfa|openid|social", "admin:escalations_case_change$"):
        t=time.perf_counter(); pr=cProfile.Profile(); pr.enable()
        told=walk(planted,"pia",forbidden=(),only=only)
        pr.disable(); print(only, told.pages, time.perf_counter()-t)
        pstats.Stats(pr).sort_stats("cumtime").print_stats(25)
