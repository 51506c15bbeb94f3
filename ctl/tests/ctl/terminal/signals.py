"""Prints "ready", then each of the signals named in its arguments as it comes, with the size of the terminal.

Ends with code 5 when the last of them comes; with "--ask" before them its parent is asked for that one as soon as
another came. It waits for signals and for nothing else: none comes too early or too late for it.
"""
import os, signal, subprocess, sys


def tell(what):
    columns, rows = os.get_terminal_size(2)
    print(f"{what}, {rows} {columns}", flush=True)


asks = sys.argv[1] == "--ask"
named = [getattr(signal, name) for name in sys.argv[1 + asks:]]
# An interrupt that is not named ends it, as it ends most programs.
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, named)
tell("ready")
while (got := signal.sigwait(named)) != named[-1]:
    tell(f"got {signal.Signals(got).name}")
    if asks:
        # By another process: what a command sends itself is not handed on to it.
        subprocess.run(["kill", f"-{named[-1].value}", str(os.getppid())], check=True)
tell(f"got {signal.Signals(got).name}")
sys.exit(5)
