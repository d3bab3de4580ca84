"""Has Berth make the images of starter templates: `images.py terminal linked`."""

import subprocess
import sys

from berth import Berth, wait_for

wanted = sys.argv[1:]


def there(image):
    return subprocess.run(["podman", "image", "exists", f"localhost/berth/{image}:1"]).returncode == 0


if not all(there(image) for image in wanted):
    server = Berth(engine="container").start()
    try:
        for image in wanted:
            wait_for(f"the image of template {image}", lambda: server.call("GET", f"/api/v1/templates/{image}").json()["image"]["state"] == "present", 900)
    finally:
        server.stop()
