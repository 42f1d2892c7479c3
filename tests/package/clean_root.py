"""A bare Debian 12 in a folder, in which a package is installed and used: what this machine has does not help there.

debootstrap makes the bare system once, in build/clean-root/base; each test gets a copy of it. Commands run by chroot, with a
/proc of their own, as an ordinary user. That needs root: without it, this goes through sudo, and fails in words where sudo
asks for a password.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDER = CHECKOUT / "build/clean-root"
SUITE = "bookworm"
USER = "dev"
# For the tests: the shells whose completions are tried, and a reader of manual pages.
TOOLS = ["zsh", "fish", "bash-completion", "groff-base"]

# Runs in a mount namespace of its own, which ends with it: nothing stays mounted, however the test ends.
ENTER = """
set -e
root="$1"; shift
mount -t proc proc "$root/proc"
mount --rbind --make-rslave /dev "$root/dev"
exec chroot "$@"
"""


class CannotMakeRoot(Exception):
    """Says what is missing."""


def as_root(*command: str, **options) -> subprocess.CompletedProcess:
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    return subprocess.run([*prefix, *command], text=True, capture_output=True, **options)


def require(outcome: subprocess.CompletedProcess, what: str) -> None:
    if outcome.returncode != 0:
        raise CannotMakeRoot(f"{what} failed with {outcome.returncode}:\n{outcome.stdout[-2000:]}{outcome.stderr[-2000:]}")


def mirror() -> str:
    """Where this machine's apt finds Debian 12; else where Debian says everybody does."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)"], text=True, capture_output=True)
    for line in listed.stdout.splitlines():
        site, _, rest = line.partition(" ")
        if rest == f"{SUITE} main":
            return site
    return "http://deb.debian.org/debian"


def make_base() -> Path:
    base, unfinished = FOLDER / "base", FOLDER / "unfinished"
    if base.exists():
        return base
    if as_root("true").returncode != 0:
        raise CannotMakeRoot("a clean root needs root, and sudo asks for a password: run as root")
    if as_root("sh", "-c", "command -v debootstrap").returncode != 0:
        raise CannotMakeRoot("debootstrap is not installed: run scripts/setup")
    require(as_root("rm", "-rf", str(unfinished)), "removing what an earlier attempt left")
    FOLDER.mkdir(parents=True, exist_ok=True)
    require(as_root("debootstrap", "--variant=minbase", SUITE, str(unfinished), mirror()), "debootstrap")
    root = CleanRoot(unfinished)
    root.run("useradd", "--create-home", "--uid", "1234", USER, user="root")
    # No index of translations, and no question asked.
    root.write("/etc/apt/apt.conf.d/90lacuna", 'Acquire::Languages "none";\nAPT::Install-Recommends "false";\n')
    root.run("apt-get", "update", "-q", user="root")
    root.run("apt-get", "install", "-q", "-y", *TOOLS, user="root", environment={"DEBIAN_FRONTEND": "noninteractive"})
    root.run("apt-get", "clean", user="root")
    require(as_root("mv", str(unfinished), str(base)), "naming the clean root")
    return base


class CleanRoot:
    def __init__(self, folder: Path):
        self.folder = folder

    @staticmethod
    def copy_of_base(name: str) -> CleanRoot:
        base, folder = make_base(), FOLDER / name
        require(as_root("rm", "-rf", str(folder)), f"removing {folder}")
        require(as_root("cp", "-a", "--reflink=auto", str(base), str(folder)), "copying the clean root")
        return CleanRoot(folder)

    def remove(self) -> None:
        as_root("rm", "-rf", "--one-file-system", str(self.folder))

    def command(self, *arguments: str, user: str = USER, environment: dict[str, str] | None = None) -> list[str]:
        """The command line, for this machine, that runs `arguments` inside as `user`."""
        home = "/root" if user == "root" else f"/home/{user}"
        variables = {"HOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", **(environment or {})}
        prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
        return [*prefix, "unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh", str(self.folder),
                f"--userspec={user}", str(self.folder), "env", "-i", *(f"{name}={value}" for name, value in variables.items()),
                "sh", "-c", 'cd "$HOME" && exec "$@"', "sh", *arguments]

    def try_run(self, *arguments: str, stdin: str = "", **options) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*arguments, **options), text=True, capture_output=True, input=stdin, timeout=240)

    def run(self, *arguments: str, **options) -> str:
        outcome = self.try_run(*arguments, **options)
        if outcome.returncode != 0:
            raise AssertionError(f"{shlex.join(arguments)} ended with {outcome.returncode}:\n{outcome.stdout[-3000:]}{outcome.stderr[-3000:]}")
        return outcome.stdout

    def write(self, path: str, text: str, user: str = "root") -> None:
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "sh", path, user=user, stdin=text)

    def bring(self, file: Path, path: str) -> None:
        """Puts a copy of a file of this machine there, readable for all; a hard link where that is possible."""
        target = str(self.folder / path.lstrip("/"))
        require(as_root("mkdir", "-p", os.path.dirname(target)), f"making the folder of {path}")
        if as_root("ln", str(file), target).returncode != 0:
            require(as_root("cp", str(file), target), f"copying {file}")

    def files(self) -> set[str]:
        """All paths, but those where the package system keeps its own records."""
        listed = as_root("find", str(self.folder), "-xdev", "-printf", "/%P\n")
        records = ("/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/var/log/", "/tmp/")
        return {path for path in listed.stdout.splitlines() if not path.startswith(records)}
