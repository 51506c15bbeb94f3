"""Runs a program on a pseudo-terminal of its own and drives it as a person would.

Reads {"argv", "env", "cwd", "steps"} as JSON from stdin; a step is one of
  ["expect", TEXT]   waits until the text is printed, and goes on after it
  ["send", TEXT]     types
  ["resize", R, C]   changes the size of the terminal
  ["signal", NAME]   sends the program a signal
  ["signal_each", NAME]  sends it to the program and to every process that comes of it, one after the other
  ["close"]          hangs up
Prints {"output", "code", "signal", "modes_kept"} as JSON.
"""
import fcntl, json, os, pty, signal, struct, sys, termios

# Each step waits for what ends it, and fails when that has not come in so many seconds.
PATIENCE = 60


class Overdue(Exception):
    pass


def overdue(*_):
    raise Overdue


def tree(pid):
    """Lists a process and those that come of it."""
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [pid] + [each for child in children.read().split() for each in tree(int(child))]


class Terminal:
    def __init__(self, argv, env, cwd):
        self.output, self.seen = b"", 0
        held, release = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.close(release)
            os.read(held, 1)
            os.chdir(cwd)
            os.execve(argv[0], argv, env)
        # The program starts on a terminal that has its size, and whose modes are known.
        self.resize(24, 80)
        self.modes = termios.tcgetattr(self.fd)
        os.close(held)
        os.close(release)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        rest = text.encode()
        while rest:
            rest = rest[os.write(self.fd, rest):]

    def signal(self, name):
        os.kill(self.pid, getattr(signal, name))

    def signal_each(self, name):
        for pid in tree(self.pid):
            os.kill(pid, getattr(signal, name))

    def close(self):
        os.close(self.fd)
        self.fd = -1

    def read(self):
        """Reads once; False if the terminal has closed."""
        try:
            read = os.read(self.fd, 65536)
        except OSError:
            return False
        self.output += read
        return bool(read)

    def expect(self, text):
        wanted, is_open = text.encode(), True
        try:
            while wanted not in self.output[self.seen:] and is_open:
                is_open = self.read()
        except Overdue:
            pass
        if wanted not in self.output[self.seen:]:
            raise SystemExit(f"expected {text!r} after {self.output[:self.seen]!r}, got {self.output[self.seen:]!r}")
        self.seen = self.output.index(wanted, self.seen) + len(wanted)

    def end(self):
        """Reads until the program has closed the terminal, and waits for its end."""
        try:
            while self.fd >= 0 and self.read():
                pass
            modes = termios.tcgetattr(self.fd) if self.fd >= 0 else None
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except Overdue:
            os.kill(self.pid, signal.SIGKILL)
            raise SystemExit(f"did not end after {self.output!r}")
        return {
            "output": self.output.decode(errors="replace"),
            "code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "modes_kept": modes == self.modes,
        }


def main():
    task = json.load(sys.stdin)
    signal.signal(signal.SIGALRM, overdue)
    terminal = Terminal(task["argv"], task["env"], task["cwd"])
    for step, *arguments in task["steps"]:
        signal.alarm(PATIENCE)
        getattr(terminal, step)(*arguments)
    signal.alarm(PATIENCE)
    print(json.dumps(terminal.end()))


main()
