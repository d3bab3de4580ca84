"""The image that is launched: one static HTTP server (page.cpp)."""

import contextlib
import subprocess

from measure import PROGRAMS, directory

PAGE = "localhost/berth-bench/page:1"


def podman(*words):
    done = subprocess.run(["podman", *words], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"podman {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


@contextlib.contextmanager
def page_image():
    with directory() as place:
        subprocess.run(["tar", "-C", PROGRAMS, "-cf", place / "page.tar", "page"], check=True)
        podman("import", "--quiet", "--change", 'CMD ["/page"]', "--change", "EXPOSE 8080", str(place / "page.tar"), PAGE)
    try:
        yield
    finally:
        podman("rmi", "--force", PAGE)
