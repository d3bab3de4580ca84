c = get_config()  # noqa: F821

# The gateway dials from inside the container and lets nobody in but those who may, so there is no second password.
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0
c.ServerApp.base_url = "/"
c.ServerApp.open_browser = False
c.IdentityProvider.token = ""

# The Host header is the session's public name. allow_origin stays closed: only pages of that same name may call.
c.ServerApp.allow_remote_access = True

c.ServerApp.root_dir = "/home/berth"
# "Shut down" would end the session from inside; Berth's own Hibernate and Delete say what is kept.
c.ServerApp.quit_button = False
# A login shell would set PATH anew and lose the venv.
c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}
# Extensions belong to the image, which the user cannot write; offering to install them would only fail.
c.LabApp.extension_manager = "readonly"
