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


# What Berth's probe asks for, the last activity of /api/status, is made to speak of people and their work.
def _speak_of_use():
    from jupyter_server._tz import utcnow
    from jupyter_server.base.handlers import APIHandler
    from jupyter_server.serverapp import ServerWebApplication
    from jupyterlab_server.workspaces_handler import WorkspacesHandler

    count = APIHandler.update_api_activity
    last_activity = ServerWebApplication.last_activity

    # An open page looks up kernels, terminals and files by itself every few seconds, and saves its layout: that is no use.
    WorkspacesHandler._track_activity = False

    def update_api_activity(self):
        if self.request.method not in ("GET", "HEAD", "OPTIONS"):
            count(self)

    # A cell that runs for hours and prints nothing is.
    def last_activity_or_now(self):
        kernels = self.settings["kernel_manager"]
        busy = any(
            getattr(kernels.get_kernel(kernel), "execution_state", None) == "busy" for kernel in kernels.list_kernel_ids()
        )
        return utcnow() if busy else last_activity(self)

    APIHandler.update_api_activity = update_api_activity
    ServerWebApplication.last_activity = last_activity_or_now


_speak_of_use()
