"""Runs a program on a pseudo-terminal of its own and drives it as a person would.

Reads {"argv", "env", "cwd", "steps"} as JSON from stdin; a step is one of
  ["expect", TEXT]   waits until the text is printed, and goes on after it
  ["send", TEXT]     types
  ["resize", R, C]   changes the size of the terminal
  ["signal", NAME]   sends the program a signal
  ["close"]          hangs up
Prints {"output", "code", "signal", "modes_kept"} as JSON.
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

PATIENCE = 30


class Terminal:
    def __init__(self, argv, env, cwd):
        self.output, self.seen = b"", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], argv, env)
        self.resize(24, 80)
        self.modes = termios.tcgetattr(self.fd)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.fd, text.encode())

    def signal(self, name):
        os.kill(self.pid, getattr(signal, name))

    def close(self):
        os.close(self.fd)
        self.fd = -1

    def read(self, until):
        """Reads once; False where the terminal has closed or the time is over."""
        ready, _, _ = select.select([self.fd], [], [], max(0, until - time.monotonic()))
        if not ready:
            return False
        try:
            read = os.read(self.fd, 65536)
        except OSError:
            return False
        self.output += read
        return bool(read)

    def expect(self, text):
        until = time.monotonic() + PATIENCE
        while text.encode() not in self.output[self.seen:]:
            if not self.read(until):
                raise SystemExit(f"expected {text!r} after {self.output[:self.seen]!r}, got {self.output[self.seen:]!r}")
        self.seen = self.output.index(text.encode(), self.seen) + len(text.encode())

    def end(self):
        until = time.monotonic() + PATIENCE
        modes = None
        while self.fd >= 0 and self.read(until):
            pass
        if self.fd >= 0:
            modes = termios.tcgetattr(self.fd)
        while time.monotonic() < until:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return {
                    "output": self.output.decode(errors="replace"),
                    "code": code if code >= 0 else None,
                    "signal": -code if code < 0 else None,
                    "modes_kept": modes == self.modes,
                }
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        raise SystemExit(f"did not end after {self.output!r}")


def main():
    task = json.load(sys.stdin)
    terminal = Terminal(task["argv"], task["env"], task["cwd"])
    for step, *arguments in task["steps"]:
        getattr(terminal, step)(*arguments)
    print(json.dumps(terminal.end()))


main()
