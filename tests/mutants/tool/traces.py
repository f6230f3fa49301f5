# tests/mutants: the minimal trace of each historical mutant, corpus/history/ID.trace.
from tool import hunt, workshop
from tool.mutant import EditLost

TIMEOUT_SECONDS = 30


def wrong(root, runner, mutant):
    """Why the mutant's trace does not do what it should; nothing where it does: fail with the mutant."""
    trace = root / "corpus" / "history" / f"{mutant.id}.trace"
    if not trace.is_file():
        return f"there is no {trace.relative_to(root)}"
    place = runner.places.get()
    try:
        program = runner.program(mutant, place)
        command = [program, "replay", "--systems", "model,impl", trace]
        status, out, err, _ = hunt.run_limited(command, TIMEOUT_SECONDS, root)
    except (workshop.Stillborn, EditLost) as error:
        return str(error)
    finally:
        runner.places.put(place)
    if status == 1 or hunt.ended_badly(status):
        return ""
    return f"replay ended with {status}, expected 1, a hang or a crash\n{out}{err}"
