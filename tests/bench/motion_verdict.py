"""What is right about the events of a detector: what it missed, what it made up, and how late it was."""
import dataclasses
import statistics

# An event that was reported so long before a movement begins is not of it; the end of a movement may be noticed late.
EARLY_S = 0.25
LATE_S = 1.5


@dataclasses.dataclass
class Verdict:
    """Of one scene: seconds from the begin of each movement to its report, None: it was missed; and events that were
    reported while nothing moved."""
    delays: list
    made_up: list


def judge(moves, reported):
    """moves: [begin, end] of each movement, reported: when an event was reported, both in seconds."""
    delays, left = [], list(reported)
    for begin, end in moves:
        own = [time for time in left if begin - EARLY_S <= time <= end + LATE_S]
        delays.append(own[0] - begin if own else None)
        left = [time for time in left if time not in own]
    return Verdict(delays, left)


def sum_up(verdicts, quiet_s):
    """The three figures that count, of a list of verdicts."""
    delays = [delay for verdict in verdicts for delay in verdict.delays]
    seen = [delay for delay in delays if delay is not None]
    made_up = sum(len(verdict.made_up) for verdict in verdicts)
    return {
        "movements": len(delays),
        "recall": len(seen) / len(delays) if delays else 1.0,
        "made_up": made_up,
        "made_up_an_hour": made_up * 3600 / quiet_s if quiet_s else 0.0,
        "delay_s": statistics.mean(seen) if seen else float("inf"),
        "delay_median_s": statistics.median(seen) if seen else float("inf"),
    }
