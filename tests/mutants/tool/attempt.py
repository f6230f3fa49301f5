# tests/mutants: the names of what can come between a mutant and its hunt.
import contextlib

from tool import hunt, workshop
from tool.mutant import EditLost


@contextlib.contextmanager
def at(result):
    """What goes wrong within becomes the result's verdict, with a note."""
    try:
        yield
    except workshop.Stillborn as error:
        result.verdict, result.note = "stillborn", str(error)
    except EditLost as error:
        result.verdict, result.note = "edit lost", str(error)
    except hunt.HuntFault as error:
        result.verdict, result.note = "not hunted", str(error)


@contextlib.contextmanager
def lent(places):
    """One of the queue's places, until the attempt is over."""
    place = places.get()
    try:
        yield place
    finally:
        places.put(place)
